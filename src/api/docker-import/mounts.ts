import { commaSeparated, meantText, objectNameOf } from "./docker-values.ts";
import type { ContainerDraft, Origin } from "./container-draft.ts";

/** A directory or file of the host to be mounted. */
export interface BindMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Options of `-v` that change nothing on a Linux host. */
const idleOptions: readonly string[] = ["rw", "cached", "delegated", "consistent", "default", "nocopy", ""];

/** `-v SOURCE:TARGET[:OPTIONS]`; a source that is no path is the name of a volume. */
export function readVolume(draft: ContainerDraft, text: string, origin: Origin, directory: string): void {
  const [source = "", target, options = "", ...more] = text.split(":");
  if (more.length > 0)
    return draft.problem(origin, `"${text}" has too many colons; write SOURCE:TARGET[:ro]`);
  if (target === undefined || !isPath(source)) return draft.leaveOut(origin, "namedVolume", text);
  const words = options.split(",");
  for (const word of words) {
    if (word === "ro" || idleOptions.includes(word)) continue;
    draft.leaveOut(
      origin,
      /^(?:z|Z|r?(?:shared|slave|private))$/.test(word) ? "propagation" : "mountOptions",
      word,
    );
  }
  addBind(draft, { source: absolutePath(source, directory), target, readOnly: words.includes("ro") }, origin);
}

const mountKeys: Readonly<Record<string, string>> = {
  type: "type",
  source: "source",
  src: "source",
  target: "target",
  destination: "target",
  dst: "target",
  readonly: "readonly",
  ro: "readonly",
};

/** Keys of `--mount` that a spec has no field for. */
const otherMountKeys: readonly string[] = [
  "consistency",
  "bind-propagation",
  "bind-nonrecursive",
  "bind-recursive",
  "bind-create-src",
  "volume-driver",
  "volume-label",
  "volume-nocopy",
  "volume-opt",
  "volume-subpath",
  "image-subpath",
  "tmpfs-size",
  "tmpfs-mode",
];

/** `--mount type=bind,source=...,target=...[,readonly]` */
export function readMount(draft: ContainerDraft, text: string, origin: Origin, directory: string): void {
  const mount = mountFields(text);
  if ("wrong" in mount) return draft.problem(origin, mount.wrong);
  const { known, others } = mount;
  const type = known.get("type") ?? "volume";
  if (type === "tmpfs") return draft.leaveOut(origin, "temporaryFiles", text);
  if (type !== "bind") return draft.leaveOut(origin, "namedVolume", text);
  const source = known.get("source") ?? "";
  if (source === "") return draft.problem(origin, "a bind mount needs source=PATH");
  for (const other of others) {
    if (other !== "bind-propagation=rprivate") draft.leaveOut(origin, "propagation", other);
  }
  const readOnly = /^(?:1|t|true)$/i.test(known.get("readonly") ?? "false");
  const target = known.get("target") ?? "";
  addBind(draft, { source: absolutePath(source, directory), target, readOnly }, origin);
}

type MountFields = { readonly known: ReadonlyMap<string, string>; readonly others: readonly string[] };

function mountFields(text: string): MountFields | { readonly wrong: string } {
  const fields = commaSeparated(text);
  if (fields === undefined) return { wrong: `the quotes in ${text} do not match` };
  const known = new Map<string, string>();
  const others: string[] = [];
  for (const field of fields) {
    const [name = "", ...rest] = field.split("=");
    const key = Object.hasOwn(mountKeys, name) ? mountKeys[name] : undefined;
    if (key !== undefined) known.set(key, rest.length === 0 ? "true" : rest.join("="));
    else if (otherMountKeys.includes(name)) others.push(field);
    else {
      const meant = meantText(name, [...Object.keys(mountKeys), ...otherMountKeys]);
      return { wrong: `"${name}" is no option of a mount${meant}` };
    }
  }
  return { known, others };
}

/** Adds a mount under a name made of its place in the container. */
export function addBind(
  draft: ContainerDraft,
  { source, target, readOnly }: BindMount,
  origin: Origin,
): void {
  const mountPath = plain(target);
  if (draft.mountLayers.get(mountPath) === draft.layer) {
    return draft.problem(origin, `something is mounted at ${mountPath} already; Docker refuses it twice`);
  }
  const volumes = (draft.spec.volumes ?? []).filter((volume) => volume.mountPath !== mountPath);
  draft.mountLayers.set(mountPath, draft.layer);
  const name = freeName(objectNameOf(mountPath.split("/").at(-1) ?? "") || "volume", volumes);
  const field = `spec.volumes[${volumes.length}]`;
  draft.spec.volumes = [
    ...volumes,
    { name, mountPath, ...(readOnly ? { readOnly } : {}), hostPath: { path: source } },
  ];
  draft.mark(field, origin);
  draft.mark(`${field}.hostPath.path`, origin, "must exist, and a quota must grant it");
}

/** Where a relative path leads from a directory; without `.` and `..`. */
export function absolutePath(path: string, directory: string): string {
  return plain(path.startsWith("/") ? path : `${directory}/${path}`);
}

function isPath(source: string): boolean {
  return /^(?:\/|\.{1,2}(?:\/|$))/.test(source);
}

function plain(path: string): string {
  if (!path.startsWith("/")) return path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function freeName(wanted: string, volumes: readonly { readonly name: string }[]): string {
  const isFree = (name: string): boolean => !volumes.some((volume) => volume.name === name);
  let name = wanted;
  for (let number = 2; !isFree(name); number += 1) name = `${wanted}-${number}`;
  return name;
}
