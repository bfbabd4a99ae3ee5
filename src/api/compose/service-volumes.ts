import { meantText } from "../docker-import/docker-values.ts";
import { absolutePath, addBind, addNamedVolume, addTmpfs, readVolume } from "../docker-import/mounts.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

const knownFields = [
  "type",
  "source",
  "target",
  "read_only",
  "bind",
  "consistency",
  "volume",
  "tmpfs",
  "image",
];

/** `volumes`: as `docker run -v` has them, or maps; relative paths begin at the file, `~` at the home directory. */
export function readVolumes(service: ServiceReading, item: Item): void {
  for (const one of service.items(item)) {
    if (typeof one.value === "object" && one.value !== null) readLongVolume(service, one);
    else {
      const text = service.text(one);
      const origin = service.originOf(one.path);
      if (text !== undefined) readVolume(service.draft, atHome(service, text), origin, service.directory);
    }
  }
}

function readLongVolume(service: ServiceReading, item: Item): void {
  const textOf = (name: string): string => service.text(service.field(item, name)) ?? "";
  for (const { name, path } of service.fields(item)) {
    if (!knownFields.includes(name))
      service.problem(path, `is no field of a volume${meantText(name, knownFields)}`, "key");
  }
  const [type, source, target] = [textOf("type"), textOf("source"), textOf("target")];
  const shown = { value: `${source}:${target}`, path: item.path };
  const readOnly = service.flag(service.field(item, "read_only"));
  const origin = service.originOf(item.path);
  if (type === "tmpfs") {
    const options = service.field(item, "tmpfs");
    const mode = service.text(service.field(options, "mode"));
    const size = service.text(service.field(options, "size"));
    // A number: YAML has read its octal digits.
    const octal = mode === undefined ? undefined : Number(mode).toString(8);
    return addTmpfs(service.draft, { target, readOnly, size, mode: octal }, origin);
  }
  if (type === "volume" && source !== "")
    return addNamedVolume(service.draft, { source, target, readOnly }, origin);
  if (type !== "bind") return service.leaveOut(shown, "namelessVolume");
  if (source === "") return service.problem(item.path, "a bind mount needs a source");
  for (const option of service.fields(service.field(item, "bind"))) {
    // Whether what is missing is made: ds01 makes nothing on the host.
    if (option.name !== "create_host_path") service.leaveOut(option, "propagation");
  }
  const path = absolutePath(atHome(service, source), service.directory);
  addBind(service.draft, { source: path, target, readOnly }, origin);
}

function atHome({ project }: ServiceReading, path: string): string {
  return project.home === undefined ? path : path.replace(/^~(?=\/|:|$)/, project.home);
}
