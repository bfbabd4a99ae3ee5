import { readEnvironmentFile, readVariable, setVariable } from "../docker-import/environment.ts";
import { keepEnvironmentFile } from "../docker-import/env-files.ts";
import { absolutePath } from "../docker-import/mounts.ts";
import { readLabel } from "../docker-import/process.ts";
import { readDotenv } from "./dotenv.ts";
import type { Lookup } from "./interpolate.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

/** `environment`: a map, or a list of `NAME=value`; a name alone takes the value of where this runs. */
export function readEnvironment(service: ServiceReading, item: Item): void {
  const { draft, project } = service;
  if (Array.isArray(item.value)) {
    for (const { text, path } of service.texts(item)) {
      readVariable(draft, text, service.originOf(path), only(text, project.lookup));
    }
    return;
  }
  for (const field of service.fields(item)) {
    const origin = service.originOf(field.path);
    const text = service.text(field);
    if (text !== undefined) setVariable(draft, field.name, text, origin);
    else if (field.value === null) readVariable(draft, field.name, origin, only(field.name, project.lookup));
  }
}

/** `env_file`: paths, or maps with `path` and `required`. */
export function readEnvironmentFiles(service: ServiceReading, item: Item): void {
  for (const one of service.items(item, true)) {
    const isMap = typeof one.value === "object" && one.value !== null;
    const path = service.text(isMap ? service.field(one, "path") : one);
    if (path === undefined) continue;
    const isRequired = !isMap || service.field(one, "required").value !== false;
    const isRaw = isMap && service.field(one, "format").value === "raw";
    readFile(service, absolutePath(path, service.directory), { item: one, isRequired, isRaw });
  }
}

/** `isRaw`: in the format of `docker run`, without quotes and variables that Compose would put in. */
function readFile(
  service: ServiceReading,
  path: string,
  { item, isRequired, isRaw }: { readonly item: Item; readonly isRequired: boolean; readonly isRaw: boolean },
): void {
  const { draft, project } = service;
  const file = project.files.read(path);
  if (file === null && isRequired) service.problem(item.path, `there is no file ${path}`);
  if (file === null || file === undefined) return;
  if (isRaw) {
    if (!keepEnvironmentFile(draft, file, service.originOf(item.path))) {
      readEnvironmentFile(draft, file, environmentOf(file.text, project.lookup));
    }
    return;
  }
  const { entries, faults } = readDotenv(file.text, project.lookup);
  const place = (line: number) => ({ file: path, position: { line, column: 1 }, length: 0, field: "" });
  for (const { line, message } of faults) draft.problem(place(line), message);
  for (const { name, value, line } of entries) {
    if (value === null) readVariable(draft, name, place(line), only(name, project.lookup));
    else setVariable(draft, name, value, place(line));
  }
}

/** `labels`: a map, or a list of `NAME=value`. */
export function readLabels(service: ServiceReading, item: Item): void {
  if (Array.isArray(item.value)) {
    for (const { text, path } of service.texts(item)) readLabel(service.draft, text, service.originOf(path));
    return;
  }
  for (const field of service.fields(item)) {
    readLabel(service.draft, `${field.name}=${service.text(field) ?? ""}`, service.originOf(field.path));
  }
}

/** What names without a value in a text can take. */
function environmentOf(text: string, lookup: Lookup): Readonly<Record<string, string | undefined>> {
  const names = text.split(/\r?\n/).map((line) => line.trimStart());
  return Object.fromEntries(names.map((name) => [name, lookup(name)]));
}

/** The one variable that is asked for, as something that has variables. */
function only(text: string, lookup: Lookup): Readonly<Record<string, string | undefined>> {
  const [name = ""] = text.split("=", 1);
  return { [name]: lookup(name) };
}
