import { sha256 } from "../../util/hash.ts";
import { sanitizedUser } from "../plan/container-name.ts";

/** How an engine names cgroups. */
export type CgroupDriver = "cgroupfs" | "systemd";

/** The driver an engine says it uses; null for words that are not known, and before it was asked. */
export function cgroupDriverOf(word: string): CgroupDriver | null {
  return word === "cgroupfs" || word === "systemd" ? word : null;
}

/** Longest form of a name; both names, the root and systemd's suffix stay below its 255 characters. */
const longestName = 100;
/** Names that the kernel gives files of a cgroup, or that mean another directory. */
const reserved =
  /^(?:[._]|(?:cgroup|cpu|cpuacct|cpuset|memory|pids|io|blkio|devices|hugetlb)\.|tasks$|notify_on_release$|release_agent$)/;

/**
 * The cgroup around all containers of `user`, as Docker takes it for a container's parent: a path such as
 * `/ds01/students/alice`, or with the systemd driver a slice such as `ds01-students-alice.slice`. Different users
 * never get the same one.
 */
export function cgroupParent(driver: CgroupDriver, root: string, group: string, user: string): string {
  const names = [...rootNames(root), ownName(group), ownName(user)];
  if (driver === "cgroupfs") return `/${names.join("/")}`;
  return `${names.map(escapedForSystemd).join("-")}.slice`;
}

/** True when that parent lies below the root of ds01. */
export function isBelowRoot(driver: CgroupDriver, root: string, parent: string): boolean {
  const names = rootNames(root);
  return driver === "cgroupfs"
    ? parent.startsWith(`/${names.join("/")}/`)
    : parent.startsWith(`${names.map(escapedForSystemd).join("-")}-`);
}

/** Path of a cgroup parent below the mounted hierarchies: systemd puts `a-b.slice` into `a.slice`. */
export function cgroupPath(parent: string): string {
  if (!parent.endsWith(".slice")) return parent;
  const parts = parent.slice(0, -".slice".length).split("-");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}

function rootNames(root: string): readonly string[] {
  return root.split("/").filter((name) => name !== "");
}

/** As in the names of containers; and never what a file of the kernel could be called. */
function ownName(name: string): string {
  const clean = sanitizedUser(name);
  if (!reserved.test(clean) && escapedForSystemd(clean).length <= longestName) return clean;
  return `${clean.replace(/^[._]+/, "").slice(0, 20)}-${sha256(name).slice(0, 8)}`;
}

/** The dash separates levels in names of slices, so that of a name is written as systemd-escape writes it. */
function escapedForSystemd(name: string): string {
  return name.replaceAll("-", String.raw`\x2d`);
}
