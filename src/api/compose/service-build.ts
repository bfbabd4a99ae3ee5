import type { ContainerDraft } from "../docker-import/container-draft.ts";
import { meantText } from "../docker-import/docker-values.ts";
import { absolutePath } from "../docker-import/mounts.ts";
import type { Topic } from "../docker-import/topics.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

/** Fields of `build` that are read; the others are those of a builder that ds01 does not have. */
const readFields = ["context", "dockerfile", "args", "target"];

/** After the Compose Build Specification. */
const otherFields =
  "cache_from cache_to entitlements extra_hosts isolation labels network no_cache no_cache_filter platforms privileged provenance pull sbom secrets shm_size ssh tags ulimits".split(
    " ",
  );

/** Without them nothing would come out that deserves the name. */
const unmapped: Readonly<Record<string, Topic>> = {
  dockerfile_inline: "buildFile",
  additional_contexts: "buildContexts",
};

/** `build`: what a spec says of the same, over what a service that is extended has said. */
export function readBuild(service: ServiceReading, item: Item): void {
  if (item.value === undefined || item.value === null) return;
  const { draft } = service;
  draft.spec.build ??= {};
  draft.build.context ??= { path: service.directory, origin: service.originOf(item.path) };
  draft.mark("spec.build", service.originOf(item.path));
  if (typeof item.value !== "object") return readContext(service, item);
  for (const field of service.fields(item)) {
    const topic = unmapped[field.name];
    if (topic !== undefined) giveUp(service, { ...field, value: null }, topic);
    else if (field.name === "context") readContext(service, field);
    else if (field.name === "args") readArguments(service, field);
    else if (field.name === "target") {
      const target = service.text(field);
      if (target !== undefined) draft.spec.build = { ...draft.spec.build, target };
    } else if (otherFields.includes(field.name)) service.leaveOut({ ...field, value: null }, "buildOption");
    else if (field.name !== "dockerfile") {
      const known = [...readFields, ...Object.keys(unmapped), ...otherFields];
      service.problem(field.path, `is no field of build${meantText(field.name, known)}`, "key");
    }
  }
  readDockerfile(service, item);
}

/** Settles where the image comes from once all is read; `composeName` is what Compose calls what it builds. */
export function settleImage(draft: ContainerDraft, composeName: string): void {
  const { spec } = draft;
  const { context, unmapped: place } = draft.build;
  if (place !== undefined) {
    delete spec.build;
    if (spec.image !== undefined) return;
    spec.image = composeName;
    spec.imagePullPolicy = "Never";
    draft.mark("spec.image", place, "as docker compose build names it");
    draft.mark("spec.imagePullPolicy", place);
    return;
  }
  if (spec.build === undefined) return;
  if (context !== undefined) {
    const { context: seen = "." } = spec.build;
    const where = seen === "." ? "the directory of the spec file" : `${seen} beside the spec file`;
    const message = `ds01 builds from ${where}: put the spec where it is seen so, or bring ${context.path} along`;
    draft.changed(context.origin, message);
  }
  for (const [field, topic] of [
    ["image", "builtName"],
    ["imagePullPolicy", "builtHere"],
  ] as const) {
    if (spec[field] !== undefined) draft.leaveOut(draft.origins.get(`spec.${field}`) ?? draft.origin, topic);
    delete spec[field];
  }
}

/** ds01 cannot build it: the image has to be there. */
function giveUp(service: ServiceReading, item: Item, topic: Topic): void {
  service.leaveOut(item, topic);
  service.draft.build.unmapped = service.originOf(item.path);
}

/** A directory; where it is not below that of the file, it is called as its last part. */
function readContext(service: ServiceReading, item: Item): void {
  const text = service.text(item);
  if (text === undefined) return;
  if (/^[a-z][a-z+]*:\/\/|^git@|^github\.com\/|\.git(?:#.*)?$/i.test(text))
    return giveUp(service, item, "buildSource");
  const { draft, project } = service;
  const path = absolutePath(text, service.directory);
  const context = relativePath(path, project.directory) ?? `./${path.split("/").at(-1) ?? ""}`;
  if (context === "./") return giveUp(service, item, "buildSource");
  draft.spec.build = { ...draft.spec.build, context };
  draft.mark("spec.build.context", service.originOf(item.path));
  draft.build.context = { path, origin: service.originOf(item.path) };
}

/** Seen from the context, and below it. */
function readDockerfile(service: ServiceReading, item: Item): void {
  const field = service.field(item, "dockerfile");
  const text = service.text(field);
  if (text === undefined) return;
  const { draft } = service;
  const context = absolutePath(service.text(service.field(item, "context")) ?? ".", service.directory);
  const dockerfile = relativePath(absolutePath(text, context), context)?.replace(/^\.\//, "");
  if (dockerfile === undefined || dockerfile === ".") return giveUp(service, field, "buildFile");
  draft.spec.build = { ...draft.spec.build, dockerfile };
  draft.mark("spec.build.dockerfile", service.originOf(field.path));
}

/** A map, or a list of `NAME=value`; a name alone takes the value of where this runs. */
function readArguments(service: ServiceReading, item: Item): void {
  const { draft, project } = service;
  const found = new Map(Object.entries(draft.spec.build?.args ?? {}));
  const take = (name: string, written: string | undefined, at: Item): void => {
    const value = written ?? project.lookup(name);
    if (value === undefined) service.leaveOut({ ...at, value: name }, "unsetVariable");
    else found.set(name, value);
  };
  if (Array.isArray(item.value)) {
    for (const { text, path } of service.texts(item)) {
      const [, name = "", value] = /^([^=]*)(?:=([^]*))?$/.exec(text) ?? [];
      take(name, value, { value: name, path });
    }
  } else {
    for (const field of service.fields(item)) {
      const isEmpty = field.value === null || field.value === undefined;
      const text = service.text(field);
      if (isEmpty || text !== undefined) take(field.name, text, field);
    }
  }
  draft.spec.build = { ...draft.spec.build, args: Object.fromEntries(found) };
  draft.mark("spec.build.args", service.originOf(item.path));
}

/** `.`, or a path that begins with `./`; undefined where it is not below the directory. */
function relativePath(path: string, directory: string): string | undefined {
  const above = directory.replace(/\/+$/, "");
  if (path === above || path === directory) return ".";
  return path.startsWith(`${above}/`) ? `.${path.slice(above.length)}` : undefined;
}
