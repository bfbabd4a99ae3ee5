import { parseTemplate } from "./jsonpath-parse.ts";
import type { Operand, Part, Segment } from "./jsonpath-parse.ts";

/** Text of kubectl's JSONPath template over a value; missing fields give nothing. Throws UsageError when malformed. */
export function renderJsonPath(template: string, value: unknown): string {
  return renderParts(parseTemplate(template), value);
}

/** The values a path such as `{.items[*].status.phase}` selects. */
export function selectJsonPath(path: string, value: unknown): readonly unknown[] {
  return parseTemplate(path).flatMap((part) => (part.type === "path" ? select(part.segments, value) : []));
}

function renderParts(parts: readonly Part[], value: unknown): string {
  return parts.map((part) => renderPart(part, value)).join("");
}

function renderPart(part: Part, value: unknown): string {
  switch (part.type) {
    case "text":
      return part.text;
    case "path":
      return select(part.segments, value).map(valueText).join(" ");
    case "range":
      return select(part.segments, value)
        .map((element) => renderParts(part.body, element))
        .join("");
  }
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function select(segments: readonly Segment[], value: unknown): readonly unknown[] {
  let values: readonly unknown[] = [value];
  for (const segment of segments) values = values.flatMap((each) => step(segment, each));
  return values;
}

function step(segment: Segment, value: unknown): readonly unknown[] {
  switch (segment.type) {
    case "fields":
      return segment.names.length === 0 ? [value] : segment.names.flatMap((name) => member(value, name));
    case "indices":
      return segment.indices.flatMap((index) => present(Array.isArray(value) ? value.at(index) : undefined));
    case "slice":
      return Array.isArray(value) ? value.slice(segment.from, segment.to) : [];
    case "wildcard":
      return children(value);
    case "descendants":
      return descendants(value);
    case "filter":
      return children(value).filter((child) => passes(segment, child));
  }
}

function member(value: unknown, name: string): readonly unknown[] {
  if (value === null || typeof value !== "object" || Array.isArray(value) || !Object.hasOwn(value, name))
    return [];
  return present((value as Readonly<Record<string, unknown>>)[name]);
}

function present(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value];
}

function children(value: unknown): readonly unknown[] {
  return value !== null && typeof value === "object" ? Object.values(value) : [];
}

function descendants(value: unknown): readonly unknown[] {
  return [value, ...children(value).flatMap(descendants)];
}

function passes(filter: Extract<Segment, { type: "filter" }>, value: unknown): boolean {
  const left = operandValues(filter.left, value);
  if (filter.test === undefined) return left.length > 0;
  const right = operandValues(filter.test.right, value);
  return left.length > 0 && right.length > 0 && compare(left[0], filter.test.operator, right[0]);
}

function operandValues(operand: Operand, value: unknown): readonly unknown[] {
  return operand.type === "literal" ? [operand.value] : select(operand.segments, value);
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  if (typeof left !== typeof right || (typeof left !== "number" && typeof left !== "string")) return false;
  const order = left < (right as typeof left) ? -1 : left > (right as typeof left) ? 1 : 0;
  return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[operator] ?? false;
}
