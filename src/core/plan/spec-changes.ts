import type { ContainerSpecSpec } from "../../api/container.ts";
import type { FieldChange } from "../../api/description.ts";
import { canonicalJson } from "../../util/hash.ts";
import { fieldPolicy, ioPolicy, resourcePolicy, type FieldPolicy } from "./field-policy.ts";

/**
 * What differs between two specs, field by field with its effect; values of env are never shown. A container whose
 * GPUs an update would strip (`stripsGpus`) is never changed in place.
 */
export function specChanges(
  before: ContainerSpecSpec | null,
  after: ContainerSpecSpec,
  stripsGpus = false,
): FieldChange[] {
  const changes: FieldChange[] = [];
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]) as Set<
    keyof ContainerSpecSpec
  >;
  for (const name of names) {
    if (name === "resources") changes.push(...resourceChanges(before, after, stripsGpus));
    else push(changes, `spec.${name}`, before?.[name], after[name], fieldPolicy[name]);
  }
  return changes;
}

function resourceChanges(
  before: ContainerSpecSpec | null,
  after: ContainerSpecSpec,
  stripsGpus: boolean,
): FieldChange[] {
  const changes: FieldChange[] = [];
  const note = (name: string, written: FieldPolicy, from: unknown, to: unknown): void => {
    const policy = stripsGpus && written === "in-place" ? "recreate" : written;
    push(changes, `spec.resources.${name}`, from, to, policy);
  };
  for (const [name, policy] of Object.entries(resourcePolicy)) {
    const key = name as keyof typeof resourcePolicy;
    if (key !== "io") note(name, policy, before?.resources?.[key], after.resources?.[key]);
  }
  for (const [name, policy] of Object.entries(ioPolicy)) {
    const key = name as keyof typeof ioPolicy;
    note(`io.${name}`, policy, before?.resources?.io?.[key], after.resources?.io?.[key]);
  }
  return changes;
}

// eslint-disable-next-line max-params -- a row of a diff has these five columns
function push(changes: FieldChange[], field: string, from: unknown, to: unknown, policy: FieldPolicy): void {
  if (canonicalJson(from ?? null) === canonicalJson(to ?? null)) return;
  const secret = field === "spec.env";
  changes.push({ field, from: show(from, secret), to: show(to, secret), effect: effectOf(policy) });
}

function effectOf(policy: FieldPolicy): FieldChange["effect"] {
  if (policy === "in-place") return "in place";
  return policy === "controller-only" ? "no restart" : "forces recreate";
}

function show(value: unknown, secret: boolean): string | null {
  if (value === undefined || value === null) return null;
  if (secret && Array.isArray(value))
    return value.map((variable: { name: string }) => variable.name).join(", ");
  return typeof value === "string" ? value : canonicalJson(value);
}
