import { nearest } from "../util/nearest.ts";
import { byteQuantityPattern, cpuQuantityPattern } from "../util/quantity.ts";
import { durationPattern } from "../util/duration.ts";
import { alternativesOf, literalsOf } from "./schema-node.ts";
import type { SchemaNode } from "./schema-node.ts";
import { suggestBytes, suggestCpus, suggestDurations } from "./suggest.ts";

/** A value that does not fit its schema. */
export interface WrongValue {
  readonly node: SchemaNode;
  readonly value: unknown;
  /** The value as messages may show it: as written, or only its type where it is nobody's business. */
  readonly shown: string;
  /** What the schema itself says is allowed (the words beside a pattern), if anything. */
  readonly allowed: string | undefined;
  /** True where no message may repeat the value. */
  readonly secret: boolean;
}

/** What was found, what is allowed, and what to write instead. */
export function wrongValueText(wrong: WrongValue): string {
  const { value, node } = wrong;
  if (value === null) return nullText(node);
  if (Array.isArray(value)) return listText(node);
  if (typeof value === "object") return mapText(node);
  if (accepts(node, "array")) return notListText(wrong);
  if (accepts(node, "object")) return notMapText(wrong);
  return quantityText(wrong) ?? literalText(wrong) ?? scalarText(wrong);
}

/** How a value is written in YAML, short. */
export function yamlText(value: unknown): string {
  if (typeof value !== "object" || value === null)
    return typeof value === "string" ? plainOrQuoted(value) : String(value);
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${yamlText(field)}`);
  return `{${fields.join(", ")}}`;
}

function nullText(node: SchemaNode): string {
  const words = literalsOf(node).filter((literal) => literal === "never" || literal === "unlimited");
  return words.length === 0
    ? "has no value; write one, or leave the field out"
    : `has no value; leave the field out, or write ${words.join(" or ")}`;
}

function listText(node: SchemaNode): string {
  return `a list stands here, but ${expected(node)} is expected`;
}

function mapText(node: SchemaNode): string {
  if (!accepts(node, "array")) return `a map of fields stands here, but ${expected(node)} is expected`;
  const names = Object.keys(itemsOf(node)?.properties ?? {});
  const first = names.slice(0, 2).map((name) => `${name}: ...`);
  return first.length === 0
    ? 'a map stands here, but a list is expected: begin each item with "- "'
    : `a map stands here, but a list is expected: write each item as "- {${first.join(", ")}}"`;
}

function notListText({ value, shown, node, secret }: WrongValue): string {
  const items = itemsOf(node);
  if (secret || typeof value !== "string" || items?.type !== "string" || value.length > 60) {
    return `${shown} is not a list; begin each item with "- "`;
  }
  const words = value.includes(" ") ? value.split(/\s+/).filter((word) => word !== "") : [value];
  return `${shown} is not a list; write ${yamlText(words)}`;
}

function notMapText({ value, shown, node, secret }: WrongValue): string {
  const [only, second] = node.required ?? [];
  const inner = only === undefined ? undefined : node.properties?.[only];
  if (
    !secret &&
    only !== undefined &&
    second === undefined &&
    inner?.type !== undefined &&
    fitsType(value, inner.type)
  ) {
    return `${shown} is not a map of fields; write {${only}: ${yamlText(value)}}`;
  }
  const names = Object.keys(node.properties ?? {});
  return `${shown} is not a map of fields${names.length === 0 ? "" : `; its fields are ${names.join(", ")}`}`;
}

const quantities = [
  { pattern: byteQuantityPattern.source, noun: "a quantity", suggest: suggestBytes },
  { pattern: durationPattern.source, noun: "a duration", suggest: suggestDurations },
  { pattern: cpuQuantityPattern.source, noun: "a number of CPUs", suggest: suggestCpus },
] as const;

function quantityText({ node, value, shown }: WrongValue): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  for (const { pattern, noun, suggest } of quantities) {
    if (!alternativesOf(node).some((one) => one.pattern === pattern)) continue;
    const suggestions = suggest(value);
    if (suggestions.length === 0) return undefined;
    const bare = typeof value === "number" || /^[\d.]+$/.test(value);
    return `${shown} ${bare ? "has no unit" : `is not ${noun}`}; write ${listed(suggestions)}`;
  }
  return undefined;
}

function literalText({ node, value, shown }: WrongValue): string | undefined {
  const literals = literalsOf(node).map(String);
  if (literals.length === 0) return undefined;
  const near = nearest(String(value).slice(0, 64), literals);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  if (alternativesOf(node).every((one) => one.enum !== undefined || one.const !== undefined)) {
    return literals.length === 1
      ? `${shown} is not ${literals[0]}; write ${literals[0]}`
      : `${shown} is not one of ${literals.join(", ")}${hint}`;
  }
  if (near !== undefined) return `${shown} is not ${near}${hint}`;
  return typeof value !== "number" && wordsForNoLimit.includes(String(value).toLowerCase())
    ? `${shown} is not ${expected(node)}; write ${literals[0]} if there should be no limit`
    : undefined;
}

const wordsForNoLimit: readonly string[] =
  "none no false off inf infinite infinity forever unlimited never -1".split(" ");

function scalarText(wrong: WrongValue): string {
  const { node, value, shown } = wrong;
  if (typeof value === "number" || typeof value === "boolean") {
    if (accepts(node, "string") && !accepts(node, "number")) {
      return `${shown} is not text; ${wrong.secret ? "put it in quotes" : `write "${shown}" in quotes`}`;
    }
    if (typeof value === "number" && accepts(node, "number")) return numberText(wrong, value);
    return `${shown} is not ${expected(node)}`;
  }
  return textText(wrong, String(value));
}

function textText({ node, shown, allowed, secret }: WrongValue, text: string): string {
  if (accepts(node, "boolean")) {
    if (/^(?:yes|y|on|true|1)$/i.test(text)) return `${shown} is not true or false; write true`;
    if (/^(?:no|n|off|false|0)$/i.test(text)) return `${shown} is not true or false; write false`;
  }
  if (accepts(node, "number") && !accepts(node, "string") && !secret && /^-?\d+(?:\.\d+)?$/.test(text)) {
    return `${shown} is text, but a number is expected: write ${text} without quotes`;
  }
  if (text === "") return `is empty; ${allowed ?? expected(node)} is expected`;
  if (node.maxLength !== undefined && text.length > node.maxLength) {
    return `has ${text.length} characters; at most ${node.maxLength} are allowed`;
  }
  if (allowed === undefined) return `${shown} is not ${expected(node)}`;
  const near = secret ? undefined : fittingVariant(node, text);
  return `${shown} is not allowed; write ${allowed}${near === undefined ? "" : `, for example ${yamlText(near)}`}`;
}

/** The same text with the usual slips mended, if that makes it fit. */
function fittingVariant(node: SchemaNode, text: string): string | undefined {
  if (node.pattern === undefined || text.length > 64) return undefined;
  const pattern = new RegExp(node.pattern);
  const lower = text.trim().toLowerCase();
  return [text.trim(), lower, lower.replace(/[\s_]+/g, "-"), `/${text}`].find((variant) =>
    pattern.test(variant),
  );
}

function numberText({ node, shown }: WrongValue, value: number): string {
  const { minimum, maximum, exclusiveMinimum } = alternativesOf(node).find(isNumberNode) ?? {};
  const or = literalsOf(node)
    .map((literal) => `; or write ${String(literal)}`)
    .join("");
  if (!Number.isFinite(value)) return `${shown} is not a number that can be used here`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) {
    return `${shown} is too small; it must be more than ${exclusiveMinimum}${or}`;
  }
  if (minimum !== undefined && value < minimum) {
    return `${shown} is too small; at least ${minimum} is allowed${or}`;
  }
  if (maximum !== undefined && value > maximum) {
    return `${shown} is too large; at most ${maximum} is allowed${or}`;
  }
  return `${shown} is not ${expected(node)}`;
}

/** What a node takes, in a few words with the article. */
export function expected(node: SchemaNode): string {
  const literalsLast = alternativesOf(node).toSorted(
    (one, other) => literalsOf(one).length - literalsOf(other).length,
  );
  const words = literalsLast.map((one) => {
    const literals = literalsOf(one);
    if (literals.length > 0) return literals.map(String).join(", ");
    const quantity = quantities.find(({ pattern }) => pattern === one.pattern);
    if (quantity !== undefined) return quantity.noun;
    if (one.format === "ipv4" || one.format === "ipv6") return "an IP address";
    return typeWords[one.type ?? ""] ?? "a value";
  });
  return [...new Set(words)].join(" or ");
}

const typeWords: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a map of fields",
};

function accepts(node: SchemaNode, type: string): boolean {
  return alternativesOf(node).some(
    (one) => one.type === type || (type === "number" && one.type === "integer"),
  );
}

function isNumberNode(node: SchemaNode): boolean {
  return node.type === "number" || node.type === "integer";
}

function itemsOf(node: SchemaNode): SchemaNode | undefined {
  return alternativesOf(node).find((one) => one.type === "array")?.items;
}

function fitsType(value: unknown, type: string): boolean {
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}

/** Text without quotes where YAML reads it as text. */
function plainOrQuoted(text: string): string {
  const plain = /^[A-Za-z0-9/][\w./@-]*(?::[\w./-]+)?$/.test(text);
  const otherType = /^(?:true|false|null)$/i.test(text) || !Number.isNaN(Number(text));
  return plain && !otherType ? text : JSON.stringify(text);
}
