/**
 * Whether two values of plain data (what JSON can say) are equal; a member that is undefined counts as absent.
 * Equal references are equal at once, so comparing a copy that shares most of its parts costs next to nothing.
 */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return Number.isNaN(left) && Number.isNaN(right);
  }
  if (Array.isArray(left) || Array.isArray(right)) return sameItems(left, right);
  const [before, after] = [left as Record<string, unknown>, right as Record<string, unknown>];
  for (const key of Object.keys(before)) if (!sameValue(before[key], after[key])) return false;
  return Object.keys(after).every((key) => after[key] === undefined || Object.hasOwn(before, key));
}

function sameItems(left: unknown, right: unknown): boolean {
  if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
  return left.every((item, index) => sameValue(item, right[index]));
}
