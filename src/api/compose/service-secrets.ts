import { absolutePath } from "../docker-import/mounts.ts";
import { meantText } from "../docker-import/docker-values.ts";
import type { Item, ServiceReading } from "./service-reading.ts";

/** Absolute paths of the secrets of a project by name; null for those that come from elsewhere. */
export type SecretFiles = ReadonlyMap<string, string | null>;

const knownFields = ["source", "target", "uid", "gid", "mode"];

/** `secrets` of the whole file. */
export function readSecretFiles(project: ServiceReading, item: Item): SecretFiles {
  return new Map(
    project.fields(item).map((secret) => {
      const file = project.text(project.field(secret, "file"));
      return [secret.name, file === undefined ? null : absolutePath(file, project.directory)];
    }),
  );
}

/** `secrets` of a service: names of those of the file, or maps that say where they appear. */
export function readSecrets(service: ServiceReading, item: Item, files: SecretFiles): void {
  for (const one of service.items(item)) {
    const isMap = typeof one.value === "object" && one.value !== null;
    const name = service.text(isMap ? service.field(one, "source") : one);
    const file = files.get(name ?? "");
    if (name === undefined || file === undefined)
      service.problem(
        one.path,
        `the file names no secret "${name ?? ""}"${meantText(name ?? "", [...files.keys()])}`,
      );
    else if (file === null) service.leaveOut({ value: name, path: one.path }, "secretElsewhere");
    else addSecret(service, one.path, { name, file, ...(isMap ? placeOf(service, one) : {}) });
  }
}

type Secret = NonNullable<ServiceReading["draft"]["spec"]["secrets"]>[number];

function addSecret(service: ServiceReading, path: Item["path"], secret: Secret): void {
  const { draft } = service;
  const origin = service.originOf(path);
  const secrets = (draft.spec.secrets ??= []);
  // A service that extends another may say anew what it has from there.
  const known = secrets.findIndex(({ name }) => name === secret.name);
  const index = known < 0 ? secrets.length : known;
  secrets[index] = secret;
  draft.mark(`spec.secrets[${index}]`, origin);
  draft.changed(
    origin,
    `the secret stays in ${secret.file}, which a quota has to grant and you have to be able to read; or move it beside the spec`,
  );
}

/** Whose it is in the container follows from `user`. */
function placeOf(service: ServiceReading, item: Item): Pick<Secret, "mountPath" | "mode"> {
  for (const { name, path } of service.fields(item))
    if (!knownFields.includes(name))
      service.problem(path, `is no field of a secret${meantText(name, knownFields)}`, "key");
  for (const field of ["uid", "gid"]) {
    const written = service.field(item, field);
    if (written.value !== undefined) service.leaveOut(written, "secretOwner");
  }
  const target = service.text(service.field(item, "target"));
  const mode = service.field(item, "mode");
  // Octal digits, of which YAML makes another number.
  const [, digits] = /^0?o?([0-7]{3})$/.exec(service.written(mode)) ?? [];
  if (mode.value !== undefined && digits === undefined)
    service.problem(mode.path, "are no permissions as octal digits, such as 0440");
  return {
    ...(target === undefined ? {} : { mountPath: absolutePath(target, "/run/secrets") }),
    ...(digits === undefined ? {} : { mode: `0${digits}` }),
  };
}
