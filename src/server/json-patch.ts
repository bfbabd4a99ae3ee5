import { canonicalJson } from "../util/hash.ts";
import { StatusError } from "./failure.ts";
import { isObject } from "./merge-patch.ts";

/** More operations, or more text copied by them, than any client needs would use up memory, or the stack by nesting. */
const operationLimit = 1000;
const copiedLimit = 8 * 1024;
/** Members of all maps and lists that are made anew for operations in them. */
const membersLimit = 200_000;

/** An operation of RFC 6902; `value` and `from` are there where it needs them. */
interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from: readonly string[];
  readonly value: unknown;
}

/**
 * The value after a JSON patch (RFC 6902). BadRequest for what is no patch, Invalid for one that does not fit the value;
 * neither changes anything.
 */
export function applyJsonPatch(value: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new StatusError("BadRequest", "a JSON patch is a list of operations");
  if (patch.length > operationLimit) {
    throw new StatusError("RequestEntityTooLarge", `a JSON patch has at most ${operationLimit} operations`);
  }
  let copied = 0;
  let members = 0;
  return patch.map(operationOf).reduce<unknown>((current, operation) => {
    if (operation.op === "copy") copied += JSON.stringify(valueAt(current, operation.from)).length;
    members += membersAlong(current, operation.path) + membersAlong(current, operation.from);
    if (members > membersLimit)
      throw new StatusError("RequestEntityTooLarge", "the JSON patch changes too much");
    if (copied > copiedLimit)
      throw new StatusError("RequestEntityTooLarge", "the JSON patch copies too much");
    return operate(current, operation);
  }, value);
}

/** How many members the maps and lists have that a path leads through, as far as it leads. */
function membersAlong(value: unknown, path: readonly string[]): number {
  let count = 0;
  let holder = value;
  for (const step of path) {
    if (!Array.isArray(holder) && !isObject(holder)) break;
    count += Object.keys(holder).length;
    holder = (holder as Readonly<Record<string, unknown>>)[step];
  }
  return count;
}

function operationOf(entry: unknown): Operation {
  if (!isObject(entry) || typeof entry["op"] !== "string") {
    throw new StatusError("BadRequest", 'an operation of a JSON patch has "op" and "path"');
  }
  const { op, path, from, value } = entry;
  const needsFrom = op === "move" || op === "copy";
  const needsValue = op === "add" || op === "replace" || op === "test";
  if (needsValue && value === undefined) {
    throw new StatusError("BadRequest", `the operation ${op} of a JSON patch needs a value`);
  }
  return { op, path: pointerOf(path), from: needsFrom ? pointerOf(from) : [], value };
}

/** The steps of a JSON pointer (RFC 6901). */
function pointerOf(text: unknown): readonly string[] {
  if (typeof text !== "string" || !/^(?:\/(?:[^~/]|~[01])*)*$/.test(text)) {
    throw new StatusError("BadRequest", "a path of a JSON patch is empty or begins with a slash");
  }
  return text
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function operate(current: unknown, { op, path, from, value }: Operation): unknown {
  switch (op) {
    case "add":
      return change(current, path, (holder, step) => added(holder, step, value), value);
    case "replace":
      valueAt(current, path);
      return change(current, path, (holder, step) => replaced(holder, step, value), value);
    case "remove":
      return withoutValueAt(current, path);
    case "copy":
      return operate(current, { op: "add", path, from, value: valueAt(current, from) });
    case "move": {
      const moved = valueAt(current, from);
      return operate(withoutValueAt(current, from), { op: "add", path, from, value: moved });
    }
    case "test":
      if (canonicalJson(valueAt(current, path)) === canonicalJson(value)) return current;
      throw unfit(`testing value /${path.join("/")} failed`);
    default:
      throw new StatusError("BadRequest", `"${op.slice(0, 50)}" is no operation of a JSON patch`);
  }
}

type Holder = readonly unknown[] | Readonly<Record<string, unknown>>;

/** A copy of the value in which the holder of the last step is changed; an empty path stands for all of it. */
// eslint-disable-next-line max-params -- where, how, and what stands for the whole
function change(
  value: unknown,
  path: readonly string[],
  edit: (holder: Holder, step: string) => Holder,
  whole: unknown,
): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return whole;
  const holder = holderOf(value, step);
  if (rest.length === 0) return edit(holder, step);
  return replaced(holder, step, change(memberOf(holder, step), rest, edit, whole));
}

function withoutValueAt(value: unknown, path: readonly string[]): unknown {
  valueAt(value, path);
  return change(value, path, removed, null);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((holder, step) => memberOf(holderOf(holder, step), step), value);
}

function holderOf(value: unknown, step: string): Holder {
  if (Array.isArray(value) || isObject(value)) return value;
  throw unfit(`there is nothing that could hold "${step}"`);
}

function isList(holder: Holder): holder is readonly unknown[] {
  return Array.isArray(holder);
}

function memberOf(holder: Holder, step: string): unknown {
  if (isList(holder)) return holder[indexOf(step, holder.length - 1)];
  if (Object.hasOwn(holder, step)) return holder[step];
  throw unfit(`there is no "${step}"`);
}

function added(holder: Holder, step: string, value: unknown): Holder {
  if (!isList(holder)) return replaced(holder, step, value);
  return holder.toSpliced(step === "-" ? holder.length : indexOf(step, holder.length), 0, value);
}

function replaced(holder: Holder, step: string, value: unknown): Holder {
  if (isList(holder)) return holder.with(indexOf(step, holder.length - 1), value);
  return Object.fromEntries([...Object.entries(holder).filter(([name]) => name !== step), [step, value]]);
}

function removed(holder: Holder, step: string): Holder {
  if (isList(holder)) return holder.toSpliced(indexOf(step, holder.length - 1), 1);
  return Object.fromEntries(Object.entries(holder).filter(([name]) => name !== step));
}

function indexOf(step: string, highest: number): number {
  const index = /^(?:0|[1-9]\d{0,8})$/.test(step) ? Number(step) : Number.NaN;
  if (index <= highest) return index;
  throw unfit(`"${step}" is no place in a list of ${highest + 1}`);
}

function unfit(why: string): StatusError {
  return new StatusError("Invalid", `the server rejected our request due to an error in our request: ${why}`);
}
