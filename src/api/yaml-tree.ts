import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Document, Pair, ParsedNode, Range, YAMLMap, YAMLSeq } from "yaml";
import { fieldPathText } from "./field-path.ts";
import type { FieldPath } from "./field-path.ts";
import type { Span } from "./yaml-text.ts";

/** Where a field stands: its name (absent for list items and the root) and its value. */
interface Place {
  readonly key: Span | null;
  readonly value: Span;
}

/** A fault that belongs to a field. */
interface FieldFault extends Span {
  readonly field: string;
  readonly message: string;
}

/** A document as plain values, with the place of each; places are keyed by field path text. */
export interface YamlTree {
  readonly value: unknown;
  readonly places: ReadonlyMap<string, Place>;
  readonly faults: readonly FieldFault[];
  /** False when it was too large to be walked to its end: the value is then cut and says nothing. */
  readonly whole: boolean;
}

/** Aliases may repeat values at most this often in all: a few lines can otherwise stand for billions. */
const valuesMax = 10_000;

/** Turns a parsed document into plain values; anchors and merge keys ("<<") are resolved, within bounds. */
export function treeOf(document: Document.Parsed<ParsedNode>, lineAt: (offset: number) => number): YamlTree {
  const walk = new TreeWalk(lineAt);
  const value = document.contents === null ? undefined : walk.valueOf(document.contents, [], null);
  return { value, places: walk.places, faults: walk.faults, whole: walk.whole };
}

/** One walk over a document: collects places and faults, and counts what aliases repeat. */
class TreeWalk {
  readonly places = new Map<string, Place>();
  readonly faults: FieldFault[] = [];
  private readonly anchors = new Map<string, ParsedNode>();
  private readonly open = new Set<ParsedNode>();
  private readonly lineAt: (offset: number) => number;
  private values = 0;

  constructor(lineAt: (offset: number) => number) {
    this.lineAt = lineAt;
  }

  get whole(): boolean {
    return this.values <= valuesMax;
  }

  valueOf(node: ParsedNode | null, path: FieldPath, key: Span | null): unknown {
    this.values += 1;
    const span = node === null ? (key ?? { offset: 0, length: 0 }) : spanOf(node.range);
    const text = fieldPathText(path);
    if (!this.places.has(text)) this.places.set(text, { key, value: span });
    if (this.values === valuesMax + 1) {
      this.fault(
        span,
        path,
        `more than ${valuesMax} values in one document (aliases count each time they are used)`,
      );
    }
    if (node === null) return null;
    if (isAlias(node)) return this.aliased(node.source, path, span);
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node);
    if (isScalar(node)) return node.value;
    if (!this.whole) return undefined;
    this.open.add(node);
    const value = isMap(node) ? this.mapOf(node, path) : isSeq(node) ? this.listOf(node, path) : undefined;
    this.open.delete(node);
    return value;
  }

  private listOf(list: YAMLSeq.Parsed, path: FieldPath): unknown[] {
    return list.items.map((item, index) => this.valueOf(item, [...path, index], null));
  }

  private mapOf(map: YAMLMap.Parsed, path: FieldPath): Record<string, unknown> {
    const fields = new Map<string, unknown>();
    const merged: { source: ParsedNode | null; span: Span }[] = [];
    const keys = new Map<string, Span>();
    for (const pair of map.items) {
      const span = pair.key === null ? spanOf(map.range) : spanOf(pair.key.range);
      const name = this.nameOf(pair, path, span);
      if (name === undefined) continue;
      const first = keys.get(name);
      if (first !== undefined) this.repeatedKey(name, path, first, span);
      keys.set(name, first ?? span);
      if (name === "<<") merged.push({ source: pair.value, span });
      else if (first === undefined) fields.set(name, this.valueOf(pair.value, [...path, name], span));
    }
    for (const { source, span } of merged) this.merge(source, span, path, fields);
    return Object.fromEntries(fields);
  }

  /** Fields of the map(s) that "<<" names, where the map itself does not say otherwise. */
  private merge(source: ParsedNode | null, span: Span, path: FieldPath, fields: Map<string, unknown>): void {
    const value = this.valueOf(source, [...path, "<<"], span);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== "object" || one === null || Array.isArray(one)) {
        this.fault(span, [...path, "<<"], 'names no map; "<<" takes the fields of a map given with "*name"');
        continue;
      }
      for (const [name, inherited] of Object.entries(one)) {
        if (fields.has(name)) continue;
        fields.set(name, inherited);
        this.places.set(fieldPathText([...path, name]), { key: span, value: span });
      }
    }
  }

  private aliased(anchor: string, path: FieldPath, span: Span): unknown {
    const target = this.anchors.get(anchor);
    if (target === undefined) {
      this.fault(span, path, `no anchor "&${shortened(anchor)}" stands above this alias`);
      return undefined;
    }
    if (this.open.has(target)) {
      this.fault(span, path, `"*${shortened(anchor)}" contains itself`);
      return undefined;
    }
    return this.valueOf(target, path, null);
  }

  private nameOf(pair: Pair<ParsedNode, ParsedNode | null>, path: FieldPath, span: Span): string | undefined {
    const name: unknown = isAlias(pair.key)
      ? this.aliased(pair.key.source, path, span)
      : isScalar(pair.key)
        ? pair.key.value
        : undefined;
    if (typeof name !== "string" && typeof name !== "number" && typeof name !== "boolean") {
      this.fault(span, path, 'a field name is missing or is not plain text before the ":"');
      return undefined;
    }
    const text = String(name);
    if (text !== "__proto__") return text;
    this.fault(span, path, '"__proto__" cannot be a field name');
    return undefined;
  }

  private repeatedKey(name: string, path: FieldPath, first: Span, span: Span): void {
    const message = `is set twice, first in line ${this.lineAt(first.offset)}; remove one of the two`;
    this.fault(span, [...path, name], message);
  }

  private fault(span: Span, path: FieldPath, message: string): void {
    this.faults.push({ ...span, field: fieldPathText(path), message });
  }
}

function spanOf(range: Range): Span {
  return { offset: range[0], length: range[1] - range[0] };
}

function shortened(name: string): string {
  return name.length <= 40 ? name : `${name.slice(0, 40)}...`;
}
