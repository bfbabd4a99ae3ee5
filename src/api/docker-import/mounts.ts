import type { Volume } from "../volume.ts";
import { commaSeparated, dockerBytes, exactQuantity, meantText, objectNameOf } from "./docker-values.ts";
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
  if (target === undefined) return draft.leaveOut(origin, "namelessVolume", text);
  const words = options.split(",");
  for (const word of words) {
    if (word === "ro" || idleOptions.includes(word)) continue;
    draft.leaveOut(
      origin,
      /^(?:z|Z|r?(?:shared|slave|private))$/.test(word) ? "propagation" : "mountOptions",
      word,
    );
  }
  const readOnly = words.includes("ro");
  if (isPath(source)) addBind(draft, { source: absolutePath(source, directory), target, readOnly }, origin);
  else addNamedVolume(draft, { source, target, readOnly }, origin);
}

/** `--tmpfs TARGET[:OPTIONS]` */
export function readTmpfs(draft: ContainerDraft, text: string, origin: Origin): void {
  const [target = "", options = ""] = text.split(":");
  const given: { size?: string; mode?: string; readOnly?: boolean } = {};
  for (const word of options.split(",")) {
    const [name, value = ""] = word.split("=");
    if (name === "size") given.size = value;
    else if (name === "mode") given.mode = value;
    else if (name === "ro") given.readOnly = true;
    // Docker gives all of these by itself, or they make no difference to programs.
    else if (!["", "rw", "noexec", "nosuid", "nodev"].includes(name ?? ""))
      draft.leaveOut(origin, "mountOptions", word);
  }
  addTmpfs(draft, { target, ...given }, origin);
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
  const source = known.get("source") ?? "";
  const readOnly = /^(?:1|t|true)$/i.test(known.get("readonly") ?? "false");
  const target = known.get("target") ?? "";
  if (type === "tmpfs") {
    const option = (name: string): string | undefined =>
      others.find((other) => other.startsWith(`${name}=`))?.slice(name.length + 1);
    return addTmpfs(
      draft,
      { target, readOnly, size: option("tmpfs-size"), mode: option("tmpfs-mode") },
      origin,
    );
  }
  if (type === "volume" && source !== "") {
    for (const other of others) draft.leaveOut(origin, "mountOptions", other);
    return addNamedVolume(draft, { source, target, readOnly }, origin);
  }
  if (type !== "bind") return draft.leaveOut(origin, "namelessVolume", text);
  if (source === "") return draft.problem(origin, "a bind mount needs source=PATH");
  for (const other of others) {
    if (other !== "bind-propagation=rprivate") draft.leaveOut(origin, "propagation", other);
  }
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

/** Adds a mount of a path of the host. */
export function addBind(draft: ContainerDraft, { source, ...place }: BindMount, origin: Origin): void {
  const field = addMount(draft, place, { hostPath: { path: source } }, origin);
  if (field === undefined) return;
  draft.mark(`${field}.hostPath.path`, origin, "must exist, and a quota must grant it");
}

/** Adds a volume by its name; the one that Docker has under it is another. */
export function addNamedVolume(draft: ContainerDraft, { source, ...place }: BindMount, origin: Origin): void {
  const name = objectNameOf(source);
  if (name === "") return draft.problem(origin, `"${source}" holds nothing that a name can begin with`);
  const field = addMount(draft, place, { namedVolume: { name } }, origin);
  if (field === undefined) return;
  draft.mark(`${field}.namedVolume.name`, origin, `empty at first: Docker's volume ${source} is another`);
}

/** A directory in memory, with sizes and modes as Docker writes them. */
export interface TmpfsMount {
  readonly target: string;
  readonly readOnly?: boolean;
  readonly size?: string | undefined;
  readonly mode?: string | undefined;
}

/** Adds a directory in memory. */
export function addTmpfs(
  draft: ContainerDraft,
  { target, readOnly = false, size, mode }: TmpfsMount,
  origin: Origin,
): void {
  const bytes = size === undefined ? undefined : dockerBytes(size);
  if (size !== undefined && bytes === undefined)
    return draft.problem(origin, `"${size}" is not a size, such as 64m`);
  const limits = {
    ...(bytes === undefined || bytes === 0 ? {} : { sizeLimit: exactQuantity(bytes) }),
    ...(mode === undefined ? {} : { mode: mode.replace(/^0o?(?=[0-7]{3,4}$)/, "") }),
  };
  addMount(draft, { target, readOnly }, { tmpfs: limits }, origin);
}

/** Adds a mount under a name made of its place in the container; the field it became, unless something is there. */
function addMount(
  draft: ContainerDraft,
  { target, readOnly }: Omit<BindMount, "source">,
  source: Pick<Volume, "hostPath" | "namedVolume" | "tmpfs">,
  origin: Origin,
): string | undefined {
  const mountPath = plain(target);
  if (draft.mountLayers.get(mountPath) === draft.layer) {
    draft.problem(origin, `something is mounted at ${mountPath} already; Docker refuses it twice`);
    return undefined;
  }
  const volumes = (draft.spec.volumes ?? []).filter((volume) => volume.mountPath !== mountPath);
  draft.mountLayers.set(mountPath, draft.layer);
  const name = freeName(objectNameOf(mountPath.split("/").at(-1) ?? "") || "volume", volumes);
  const field = `spec.volumes[${volumes.length}]`;
  draft.spec.volumes = [...volumes, { name, mountPath, ...(readOnly ? { readOnly } : {}), ...source }];
  draft.mark(field, origin);
  return field;
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
