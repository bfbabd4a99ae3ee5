import { isMap, isScalar, parse } from "yaml";
import type { Document, Pair, ParsedNode } from "yaml";
import { isObject } from "./merge-patch.ts";
import type { MergePatch } from "./merge-patch.ts";

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text with single values replaced or added in place, so that nothing else moves; undefined when the patch
 * asks for more than that. The caller checks that the result says what it should.
 */
export function spliceScalars(
  document: Document.Parsed<ParsedNode>,
  text: string,
  patch: MergePatch,
): string | undefined {
  const splices = collect(document, text, { path: [], patch });
  if (splices === undefined) return undefined;
  let result = text;
  for (const { start, end, text: replacement } of splices.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + replacement + result.slice(end);
  }
  return result;
}

function collect(
  document: Document.Parsed<ParsedNode>,
  text: string,
  { path, patch }: { readonly path: readonly string[]; readonly patch: MergePatch },
): readonly Splice[] | undefined {
  const splices: Splice[] = [];
  for (const [name, value] of Object.entries(patch)) {
    const at = [...path, name];
    if (isObject(value)) {
      const inner = collect(document, text, { path: at, patch: value });
      if (inner === undefined) return undefined;
      splices.push(...inner);
      continue;
    }
    const node = document.getIn(at, true);
    const splice = node === undefined ? insertion(document, text, at, value) : replacement(node, text, value);
    if (splice === undefined) return undefined;
    splices.push(splice);
  }
  return splices;
}

function replacement(node: unknown, text: string, value: unknown): Splice | undefined {
  const written = scalarText(value, text);
  if (!isScalar(node) || node.range === undefined || node.range === null || node.anchor !== undefined)
    return undefined;
  const [start, end] = node.range;
  return written === undefined || start === end ? undefined : { start, end, text: written };
}

/** A new key goes right below the line of its map, where no comment of another key stands in between. */
function insertion(
  document: Document.Parsed<ParsedNode>,
  text: string,
  path: readonly string[],
  value: unknown,
): Splice | undefined {
  const written = scalarText(value, text);
  const parentPath = path.slice(0, -1);
  const name = path.at(-1);
  const map = document.getIn(parentPath, true);
  const first = firstKeyStart(map);
  const owner = ownerKeyEnd(document, parentPath);
  if (written === undefined || name === undefined || first === undefined || owner === undefined)
    return undefined;
  const start = text.indexOf("\n", owner) + 1;
  if (start === 0 || start > first) return undefined;
  const lineStart = text.lastIndexOf("\n", first - 1) + 1;
  const indent = text.slice(lineStart, first);
  return indent.trim() === "" ? { start, end: start, text: `${indent}${name}: ${written}\n` } : undefined;
}

function firstKeyStart(map: unknown): number | undefined {
  if (!isMap(map) || map.flow === true) return undefined;
  const key = map.items[0]?.key;
  return isScalar(key) ? key.range?.[0] : undefined;
}

function ownerKeyEnd(document: Document.Parsed<ParsedNode>, path: readonly string[]): number | undefined {
  const name = path.at(-1);
  const map = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (name === undefined || !isMap(map)) return undefined;
  const items: readonly Pair<unknown, unknown>[] = map.items;
  const key = items.find((pair) => isScalar(pair.key) && pair.key.value === name)?.key;
  return isScalar(key) ? key.range?.[1] : undefined;
}

/** One line of YAML for a plain value; quoted wherever it could be taken for something else. */
function scalarText(value: unknown, text: string): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return undefined;
  const json = text.trimStart().startsWith("{");
  const plain = /^[A-Za-z](?:[\w./@:-]*[\w./-])?$/.test(value) && parse(value) === value;
  return plain && !json ? value : JSON.stringify(value);
}
