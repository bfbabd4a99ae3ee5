import type { ContainerSpecSpec } from "../../api/container.ts";
import { canonicalJson, sha256 } from "../../util/hash.ts";
import { unusualSecurity } from "./container-security.ts";
import { fieldPolicy, ioPolicy, resourcePolicy, type FieldPolicy } from "./field-policy.ts";

/** Defaults as they were when v1 was made; frozen, so that a new default never recreates a container. */
const v1Defaults: Readonly<Record<string, unknown>> = {
  user: "image",
  network: "bridge",
  ipc: "private",
  tty: false,
  stdin: false,
};

/** Counted by what they mean: a default that is written out changes nothing. */
const securityFields: readonly string[] = ["pid", "securityContext", "devices"];

/** Specs never change once parsed, and every look at the host asks for the hash of each. */
const hashes = new WeakMap<ContainerSpecSpec, string>();

/**
 * Hash of what cannot be changed without a new container, as it stands in the spec: `v1:<sha256>`. Fields that
 * are absent or at their default do not count, so an upgrade that adds a field changes no hash; devices and
 * limits that a quota supplies do not count either.
 */
export function specHash(spec: ContainerSpecSpec): string {
  const hash = hashes.get(spec) ?? computeHash(spec);
  hashes.set(spec, hash);
  return hash;
}

function computeHash(spec: ContainerSpecSpec): string {
  const immutable: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(spec)) {
    const policy = fieldPolicy[field as keyof ContainerSpecSpec];
    if (policy !== "recreate" || value === undefined || isEmpty(value)) continue;
    if (securityFields.includes(field)) continue;
    if (v1Defaults[field] === value) continue;
    immutable[field] = value;
  }
  for (const [field, value] of Object.entries(unusualSecurity(spec))) immutable[`security.${field}`] = value;
  const { devices = [] } = spec.resources?.io ?? {};
  const io = devices.length === 0 ? {} : { devices };
  Object.assign(
    immutable,
    counted("resources", spec.resources ?? {}, resourcePolicy),
    counted("resources.io", io, ioPolicy),
  );
  return `v1:${sha256(canonicalJson(immutable))}`;
}

/** Parts of a field that need a new container. */
function counted(
  name: string,
  parts: Readonly<Record<string, unknown>>,
  policies: Readonly<Record<string, FieldPolicy>>,
): Record<string, unknown> {
  const found = Object.entries(parts).filter(([part, value]) => {
    return policies[part] === "recreate" && value !== undefined;
  });
  return Object.fromEntries(found.map(([part, value]) => [`${name}.${part}`, value]));
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
