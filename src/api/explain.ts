import { z } from "zod";
import { NotFoundError } from "../util/errors.ts";
import { nearest } from "../util/nearest.ts";
import { isWrittenKind } from "./document.ts";
import { documentJsonSchema } from "./json-schema.ts";
import { kinds } from "./kinds.ts";
import { kindByWord, kindNames } from "./names.ts";
import type { Kind } from "./names.ts";
import { alternativesOf, fieldsBelow, literalsOf } from "./schema-node.ts";
import type { SchemaNode } from "./schema-node.ts";
import { yamlText } from "./wrong-value.ts";
import { wrapped } from "./wrap-text.ts";

/**
 * What `ds01 explain KIND[.field.path]` prints, in kubectl's layout. Indices such as `volumes[0]` may stand in the
 * path. Throws NotFoundError with the nearest right word for a kind or field that does not exist.
 */
export function explain(words: string, options: { readonly recursive?: boolean } = {}): string {
  const [kindWord = "", ...steps] = words
    .replace(/\[[^\]]*\]/g, "")
    .split(".")
    .filter((step) => step !== "");
  const names = kindByWord(kindWord);
  if (names === undefined) throw unknownKind(kindWord);
  const root = schemaOf(names.kind);
  const node = steps.reduce(
    (holder, step, index) => childOf(holder, step, { names: [kindWord, ...steps], index, root }),
    root,
  );
  const name = steps.at(-1);
  const [group, version] = names.apiVersion.includes("/")
    ? names.apiVersion.split("/")
    : ["", names.apiVersion];
  const fields = options.recursive === true ? fieldTree(node, 1) : fieldList(node);
  const parts = [
    [
      ...(group === "" ? [] : [`GROUP:      ${group}`]),
      `KIND:       ${names.kind}`,
      `VERSION:    ${version}`,
    ].join("\n"),
    ...(name === undefined ? [] : [`FIELD: ${name} <${typeOf(node)}>${requiredMark(root, steps)}`]),
    `DESCRIPTION:\n${wrapped(descriptionOf(node), 4)}`,
    ...detailsOf(node),
    ...(fields === "" ? [] : [`FIELDS:\n${fields}`]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function schemaOf(kind: Kind): SchemaNode {
  const { spec, status, description } = kinds[kind];
  const statusNode =
    status === null ? {} : { status: jsonSchemaOf(status, "What ds01 found and did; nobody writes it.") };
  if (isWrittenKind(kind)) {
    const written = documentJsonSchema(kind);
    return { ...written, properties: { ...written.properties, ...statusNode } };
  }
  if (kind === "Event") return eventSchema;
  const metadata = { type: "object", description: "Name and times." };
  return {
    type: "object",
    description,
    properties: {
      metadata,
      ...(spec === null ? {} : { spec: jsonSchemaOf(spec, "What it is.") }),
      ...statusNode,
    },
  };
}

function jsonSchemaOf(schema: z.ZodType, description: string): SchemaNode {
  return {
    description,
    ...(z.toJSONSchema(schema, { target: "draft-7", io: "input", reused: "inline" }) as SchemaNode),
  };
}

const text = (description: string): SchemaNode => ({ type: "string", description });

/** Events have Kubernetes' own shape, which no schema of ours describes. */
const eventSchema: SchemaNode = {
  type: "object",
  description: kinds.Event.description,
  properties: {
    type: { ...text("Normal, or Warning where somebody may have to act."), enum: ["Normal", "Warning"] },
    reason: text("What happened: one CamelCase word; stable."),
    message: text("What happened and why, for people."),
    involvedObject: {
      type: "object",
      description: "The object it happened to.",
      properties: {
        kind: text("Its kind."),
        namespace: text("Its namespace; absent for quotas, reservations and GPUs."),
        name: text("Its name."),
        uid: text("Its uid: tells objects of the same name apart."),
      },
    },
    count: { type: "integer", description: "How often it happened." },
    firstTimestamp: text("When it happened first (RFC 3339)."),
    lastTimestamp: text("When it happened last (RFC 3339)."),
  },
};

interface Step {
  readonly names: readonly string[];
  readonly index: number;
  readonly root: SchemaNode;
}

function childOf(holder: SchemaNode, step: string, { names, index, root }: Step): SchemaNode {
  const fields = fieldsOf(holder);
  if (Object.hasOwn(fields, step) && fields[step] !== undefined) return fields[step];
  const before = names.slice(0, index + 1).join(".");
  const near = nearest(step, Object.keys(fields));
  const elsewhere = fieldsBelow(root)
    .filter(({ path }) => path.at(-1) === step)
    .map(({ path }) => [names[0], ...path].join("."));
  const meant = near === undefined ? elsewhere.slice(0, 2) : [`${before}.${near}`];
  const known = Object.keys(fields);
  throw new NotFoundError({
    reason: "UnknownField",
    message: `${before} has no field "${step}"${meant.length === 0 ? "" : `; did you mean ${meant.join(" or ")}?`}`,
    ...(known.length === 0 ? {} : { remedy: `Its fields: ${known.join(", ")}.` }),
  });
}

function unknownKind(word: string): NotFoundError {
  const words = kindNames.flatMap(({ singular, plural, kind, aliases }) => [
    singular,
    plural,
    kind,
    ...aliases,
  ]);
  const near = nearest(word, words);
  return new NotFoundError({
    reason: "UnknownKind",
    message:
      word === ""
        ? "no kind is named"
        : `"${word}" is not a kind${near === undefined ? "" : `; did you mean ${near}?`}`,
    remedy: `Kinds: ${kindNames.map(({ plural }) => plural).join(", ")}.`,
  });
}

function fieldsOf(node: SchemaNode): Readonly<Record<string, SchemaNode>> {
  const one =
    alternativesOf(node).find((member) => member.properties !== undefined || member.items !== undefined) ??
    node;
  return one.properties ?? one.items?.properties ?? {};
}

function fieldList(node: SchemaNode): string {
  const { required = [] } = node.items ?? node;
  return Object.entries(fieldsOf(node))
    .map(([name, field]) => {
      const mark = required.includes(name) ? " -required-" : "";
      return `  ${name}\t<${typeOf(field)}>${mark}\n${wrapped(descriptionOf(field), 4)}`;
    })
    .join("\n\n");
}

function fieldTree(node: SchemaNode, depth: number): string {
  const { required = [] } = node.items ?? node;
  return Object.entries(fieldsOf(node))
    .map(([name, field]) => {
      const line = `${"  ".repeat(depth)}${name}\t<${typeOf(field)}>${required.includes(name) ? " -required-" : ""}`;
      const below = fieldTree(field, depth + 1);
      return below === "" ? line : `${line}\n${below}`;
    })
    .join("\n");
}

function requiredMark(root: SchemaNode, steps: readonly string[]): string {
  const holder = steps.slice(0, -1).reduce<SchemaNode>((node, step) => fieldsOf(node)[step] ?? {}, root);
  return (holder.items ?? holder).required?.includes(steps.at(-1) ?? "") === true ? " -required-" : "";
}

function detailsOf(node: SchemaNode): string[] {
  const literals = literalsOf(node);
  const range = [
    ...(node.minimum === undefined ? [] : [`at least ${node.minimum}`]),
    ...(node.maximum === undefined ? [] : [`at most ${node.maximum}`]),
  ];
  const scalar =
    node.default === undefined || typeof node.default === "object" ? [] : [yamlText(node.default)];
  return [
    ...(literals.length === 0
      ? []
      : [`ALLOWED:\n    ${literals.map(String).join(", ")}${isOpen(node) ? ", or a value as below" : ""}`]),
    ...(range.length === 0 ? [] : [`RANGE:\n    ${range.join(", ")}`]),
    ...(scalar.length === 0 ? [] : [`DEFAULT:\n    ${scalar.join("")}`]),
    ...(node.examples === undefined
      ? []
      : [`EXAMPLES:\n${node.examples.map((example) => `    ${yamlText(example)}`).join("\n")}`]),
  ];
}

/** Whether a union takes more than the words it lists. */
function isOpen(node: SchemaNode): boolean {
  return alternativesOf(node).some((member) => member.enum === undefined && member.const === undefined);
}

function descriptionOf(node: SchemaNode): string {
  return node.description ?? "";
}

/** Types as kubectl writes them: `string`, `integer`, `[]Object`, `map[string]string`, unions with "or". */
function typeOf(node: SchemaNode): string {
  const members = alternativesOf(node).filter((member) => member.type !== "null");
  return [...new Set(members.map(singleTypeOf))].join(" or ");
}

function singleTypeOf(node: SchemaNode): string {
  if (node.type === "array") return `[]${node.items === undefined ? "Object" : typeOf(node.items)}`;
  if (node.type !== "object") return node.type ?? "string";
  return typeof node.additionalProperties === "object"
    ? `map[string]${typeOf(node.additionalProperties)}`
    : "Object";
}
