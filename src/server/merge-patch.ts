/** An RFC 7396 merge patch: null removes, objects merge, everything else replaces. */
export type MergePatch = Readonly<Record<string, unknown>>;

/** The merge patch that turns one value into another; empty when they are equal. */
export function mergePatchBetween(from: MergePatch, to: MergePatch): MergePatch {
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(from)) if (ownOf(to, name) === undefined) patch[name] = null;
  for (const [name, value] of Object.entries(to)) {
    const before = ownOf(from, name);
    if (value === undefined) continue;
    if (isObject(before) && isObject(value)) {
      const inner = mergePatchBetween(before, value);
      if (Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(before) !== JSON.stringify(value)) {
      patch[name] = value;
    }
  }
  return patch;
}

/** The target after a patch; null inside an object that is new removes nothing and is dropped. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = applyMergePatch(ownOf(result, name), value);
  }
  return result;
}

/** A member of its own: every object inherits some that nobody has written, such as `constructor`. */
function ownOf(object: MergePatch, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** True for what merges by key: an object that is no list. */
export function isObject(value: unknown): value is MergePatch {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
