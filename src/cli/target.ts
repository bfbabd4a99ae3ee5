import { kindByWord, kindNames } from "../api/names.ts";
import type { Kind, KindName } from "../api/names.ts";
import type { ObjectTarget } from "../client/client.ts";
import { nearest } from "../util/nearest.ts";
import { UsageError } from "./usage-error.ts";

/** Objects of one kind; without names all that the selection covers. */
export interface KindTarget {
  readonly kind: KindName;
  readonly names: readonly string[];
}

/** Reads `KIND [NAME...]`, `KIND,KIND` or `KIND/NAME...` as kubectl does. */
export function parseTargets(words: readonly string[]): readonly KindTarget[] {
  const [first, ...others] = words;
  if (first === undefined) throw new UsageError(`name a kind: ${kindList()}`);
  const other = others.find((word) => isInNamespace(word));
  if (other !== undefined && !first.includes("/")) throw new UsageError(...elsewhere(first, other));
  if (first.includes("/")) return groupByKind(words.map(parseReference));
  const slashed = others.find(
    (word) => kindByWord(word.split("/", 1)[0] ?? "") !== undefined && word.includes("/"),
  );
  if (slashed !== undefined)
    throw new UsageError(`"${slashed}" is KIND/NAME, but "${first}" named the kind already`);
  const kinds = first.split(",").map(requireKind);
  if (kinds.length > 1 && others.length > 0)
    throw new UsageError("names need one kind; write KIND/NAME for each");
  return kinds.map((kind) => ({ kind, names: others }));
}

/** Reads exactly one object: `KIND NAME` or `KIND/NAME`. */
export function parseOneTarget(words: readonly string[]): { readonly kind: KindName; readonly name: string } {
  const targets = parseTargets(words);
  const [target] = targets;
  const name = target?.names[0];
  if (target === undefined || name === undefined || targets.length > 1 || target.names.length > 1) {
    throw new UsageError("name one object: KIND/NAME");
  }
  return { kind: target.kind, name };
}

/** Reads `NAME`, `container/NAME` or `NAMESPACE/NAME`: the container a verb is about. */
export function parseContainer(
  word: string | undefined,
  namespace: () => string,
): { namespace: string; name: string } {
  if (word === undefined) throw new UsageError("name a container");
  const slash = word.indexOf("/");
  if (slash < 0) return { namespace: namespace(), name: word };
  const [before, name] = [word.slice(0, slash), word.slice(slash + 1)];
  const kind = kindByWord(before);
  if (kind === undefined) return { namespace: before, name };
  if (kind.kind !== "ContainerSpec") throw new UsageError(`"${word}" is no container`);
  return { namespace: namespace(), name };
}

/** The kind a word means; UsageError with the nearest right one. */
export function requireKind(word: string): KindName {
  const kind = kindByWord(word);
  if (kind !== undefined) return kind;
  const words = kindNames.flatMap((name) => [name.plural, name.singular, name.kind, ...name.aliases]);
  const meant = nearest(word, words);
  throw new UsageError(
    `unknown kind "${word}"${meant === undefined ? "" : `, did you mean "${meant}"?`}`,
    `Kinds: ${kindList()}. A container is named with its kind: container/${word}`,
  );
}

/** The names of one kind; every kind is in the registry. */
export function kindOf(kind: Kind): KindName {
  return requireKind(kind);
}

/** `namespace/name`, or the name of a cluster-scoped object. (api/meta.ts has the same, but loads zod.) */
export function targetText(target: ObjectTarget): string {
  return target.namespace === undefined ? target.name : `${target.namespace}/${target.name}`;
}

/** `NAMESPACE/NAME`, as messages and events print an object. */
function isInNamespace(word: string): boolean {
  return word.includes("/") && kindByWord(word.split("/", 1)[0] ?? "") === undefined;
}

function elsewhere(kind: string, word: string): [message: string, remedy: string] {
  const [namespace = "", ...name] = word.split("/");
  return [
    `"${word}" is no name: the namespace is a flag`,
    `Write: ${kind} ${name.join("/")} -n ${namespace}`,
  ];
}

function parseReference(word: string): { kind: KindName; name: string } {
  const slash = word.indexOf("/");
  const name = word.slice(slash + 1);
  if (slash < 0 || name === "") throw new UsageError(`"${word}" is not KIND/NAME`);
  return { kind: requireKind(word.slice(0, slash)), name };
}

function groupByKind(references: readonly { kind: KindName; name: string }[]): readonly KindTarget[] {
  const kinds = [...new Set(references.map((reference) => reference.kind))];
  return kinds.map((kind) => ({
    kind,
    names: references.filter((reference) => reference.kind === kind).map((reference) => reference.name),
  }));
}

function kindList(): string {
  return kindNames.map((name) => name.plural).join(", ");
}
