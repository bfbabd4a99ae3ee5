import type { FieldsV1 } from "../../api/managed-fields.ts";
import { canonicalJson } from "../../util/hash.ts";

/**
 * A set of fields of an object, as a tree of path elements in the words of FieldsV1: `f:image` is a field,
 * `k:{"name":"A"}` the item of a list with this name, `v:"A"` an item that is its own key, `i:0` one without a key.
 */
export interface FieldSet {
  /** Whether the field at this place is in the set, and not only fields below it. */
  readonly isMember: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

/** A set without fields. */
export const noFields: FieldSet = { isMember: false, children: new Map() };

/** What is in either set. */
export function union(one: FieldSet, other: FieldSet): FieldSet {
  return combine(one, other, (isInOne, isInOther) => isInOne || isInOther);
}

/** What is in the first set and not in the second. */
export function difference(one: FieldSet, other: FieldSet): FieldSet {
  return combine(one, other, (isInOne, isInOther) => isInOne && !isInOther);
}

/** What is in both sets. */
export function intersection(one: FieldSet, other: FieldSet): FieldSet {
  return combine(one, other, (isInOne, isInOther) => isInOne && isInOther);
}

/** What of a set has its place in another one, whether that has it as a field or only fields below it. */
export function within(set: FieldSet, places: FieldSet): FieldSet {
  return fieldSet(
    set.isMember,
    [...set.children].flatMap(([element, child]) => {
      const place = places.children.get(element);
      return place === undefined ? [] : [[element, within(child, place)] as const];
    }),
  );
}

/** True where no field is in the set. */
export function isEmptySet({ isMember, children }: FieldSet): boolean {
  return !isMember && children.size === 0;
}

/** A set of this place and the sets below it; those without fields are left out, so that equal sets look equal. */
export function fieldSet(isMember: boolean, children: Iterable<readonly [string, FieldSet]>): FieldSet {
  return { isMember, children: new Map([...children].filter(([, child]) => !isEmptySet(child))) };
}

/** The set with each named field in it that has fields below it: a field goes with the last of what it holds. */
export function withNamedParents(set: FieldSet): FieldSet {
  return fieldSet(
    set.isMember,
    [...set.children].map(([element, child]) => {
      const below = withNamedParents(child);
      return [element, element.startsWith("f:") ? { ...below, isMember: true } : below] as const;
    }),
  );
}

/** As it stands in `metadata.managedFields`. */
export function encodeFields(set: FieldSet): FieldsV1 {
  const children = [...set.children].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries([
    ...(set.isMember && children.length > 0 ? [[".", {}] as const] : []),
    ...children.map(([element, child]) => [element, encodeFields(child)] as const),
  ]);
}

/** The set in a `fieldsV1`; undefined where it is none. */
export function decodeFields(fields: unknown): FieldSet | undefined {
  const set = decodeBelow(fields);
  // The object as a whole is no field.
  return set === undefined ? undefined : { ...set, isMember: false };
}

/** Paths of all fields of a set, as messages name them: `.spec.env[name="A"].value`. */
export function pathsOf(set: FieldSet, path = ""): readonly string[] {
  const below = [...set.children]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([element, child]) => pathsOf(child, path + elementText(element)));
  return set.isMember ? [path, ...below] : below;
}

function combine(
  one: FieldSet,
  other: FieldSet,
  holds: (isInOne: boolean, isInOther: boolean) => boolean,
): FieldSet {
  const elements = new Set([...one.children.keys(), ...other.children.keys()]);
  return fieldSet(
    holds(one.isMember, other.isMember),
    [...elements].map(
      (element) =>
        [
          element,
          combine(one.children.get(element) ?? noFields, other.children.get(element) ?? noFields, holds),
        ] as const,
    ),
  );
}

function decodeBelow(fields: unknown): FieldSet | undefined {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return undefined;
  const children = new Map<string, FieldSet>();
  let isMember = false;
  for (const [element, below] of Object.entries(fields)) {
    if (element === ".") {
      isMember = true;
      continue;
    }
    const key = canonicalElement(element);
    const child = decodeBelow(below);
    if (key === undefined || child === undefined) return undefined;
    children.set(key, child);
  }
  return { isMember: isMember || children.size === 0, children };
}

/** What names an item is a scalar, or a small value of a set; deeper ones could exhaust the stack of who walks them. */
const nestingMax = 8;

/** One text an element, however its JSON was written. */
function canonicalElement(element: string): string | undefined {
  const [type, rest] = [element.slice(0, 2), element.slice(2)];
  if (type === "f:") return element;
  if (type === "i:") return /^\d{1,9}$/.test(rest) ? element : undefined;
  if (type !== "k:" && type !== "v:") return undefined;
  try {
    const named: unknown = JSON.parse(rest);
    const isName = type === "k:" ? isFlatMap(named) : isNestedAtMost(named, nestingMax);
    return isName ? type + canonicalJson(named) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isFlatMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && isNestedAtMost(value, 1);
}

/** Level by level, as a value that is nested too deep is not to be walked. */
function isNestedAtMost(value: unknown, levels: number): boolean {
  let held: readonly unknown[] = [value];
  for (let level = 0; level <= levels; level += 1) {
    const holders = held.filter((one): one is object => typeof one === "object" && one !== null);
    if (holders.length === 0) return true;
    held = holders.flatMap((holder): unknown[] => Object.values(holder));
  }
  return false;
}

function elementText(element: string): string {
  const [type, rest] = [element.slice(0, 2), element.slice(2)];
  if (type === "f:") return `.${rest}`;
  if (type === "i:") return `[${rest}]`;
  if (type === "v:") return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Readonly<Record<string, unknown>>);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
}
