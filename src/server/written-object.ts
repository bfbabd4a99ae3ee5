import { randomInt } from "node:crypto";
import type { ManagedFieldsEntry } from "../api/managed-fields.ts";
import type { KindName } from "../api/names.ts";
import type { ApiObject } from "../api/meta.ts";
import { contentType, readBody } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { ExpectedObject } from "./expected-object.ts";
import { StatusError } from "./failure.ts";
import { checkedSpec } from "./field-validation.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { generatedName } from "./generated-name.ts";
import { isObject } from "./merge-patch.ts";
import type { MergePatch } from "./merge-patch.ts";
import { readManagedFields } from "./read-managed-fields.ts";
import { readDocument } from "./spec-text.ts";
import { withoutApplied } from "./write-notes.ts";

/** The body of a write. */
export interface WrittenObject {
  /** YAML as it came, which is stored as it is; null when the body was JSON. */
  readonly text: string | null;
  /** The parts that people write; everything else of an object is the server's. */
  readonly written: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: MergePatch;
    readonly spec: MergePatch;
  };
  /** What kubectl has applied last, as it notes it. */
  readonly lastApplied: string | undefined;
  /** Who owns which fields; undefined where the body does not say. */
  readonly managedFields: readonly ManagedFieldsEntry[] | undefined;
  readonly name: string;
  readonly expected: ExpectedObject;
}

const yamlTypes = ["application/yaml", "application/x-yaml", "text/yaml"];
const applyType = "application/apply-patch+yaml";
const patchTypes = ["application/merge-patch+json", "application/json-patch+json", applyType];
const nestingMax = 64;

/** Reads a POST or PUT; BadRequest when it is no object of this type and place. */
export async function readWrittenObject(
  exchange: Exchange,
  type: KindName,
  target: { readonly namespace: string | undefined; readonly name: string | undefined },
): Promise<WrittenObject> {
  const mediaType = contentType(exchange.request);
  if (mediaType === "application/json" || mediaType === "") {
    const body = parseJson(await readBody(exchange.request));
    return checked(exchange, type, writtenObject(body, null, { type, ...target }));
  }
  if (!yamlTypes.includes(mediaType)) {
    throw unsupported(mediaType, ["application/json", "application/yaml"]);
  }
  const text = await readBody(exchange.request);
  const body = readDocument(text);
  // A text without its name is no file.
  const metadata = isObject(body) ? body["metadata"] : undefined;
  const kept = isObject(metadata) && prefixOf(metadata) !== undefined ? null : text;
  return writtenObject(body, kept, { type, ...target });
}

function checked(exchange: Exchange, type: KindName, object: WrittenObject): WrittenObject {
  const spec = checkedSpec(exchange, type, object.written.spec);
  return { ...object, written: { ...object.written, spec } };
}

/** Whether a PATCH is a server-side apply. */
export function isApplyPatch({ request }: Exchange): boolean {
  return contentType(request) === applyType;
}

/** Reads what is applied; a null in it says nothing. BadRequest when it is no object of this type and place. */
export async function readApplied(
  exchange: Exchange,
  type: KindName,
  target: { readonly namespace: string | undefined; readonly name: string },
): Promise<WrittenObject> {
  const body = withoutNulls(readDocument(await readBody(exchange.request)));
  const object = writtenObject(body, "", { type, ...target });
  if (object.managedFields !== undefined && object.managedFields.length > 0) {
    throw new StatusError("BadRequest", "metadata.managedFields must be nil");
  }
  return checked(exchange, type, object);
}

/** What a PATCH asks for: a merge patch, or what makes of the object as it is one to be put in its place. */
export type ReadPatch =
  | { readonly patch: MergePatch; readonly expected: ExpectedObject }
  | { readonly patched: (current: ApiObject) => WrittenObject };

/** Reads a merge patch or a JSON patch of an object. */
export async function readPatch(
  exchange: Exchange,
  type: KindName,
  target: { readonly namespace: string | undefined; readonly name: string },
): Promise<ReadPatch> {
  const mediaType = contentType(exchange.request);
  if (mediaType !== "application/json-patch+json") {
    const { patch, expected } = await readMergePatch(exchange, patchTypes);
    const { spec, ...others } = patch;
    const wanted = isObject(spec) ? { ...others, spec: checkedSpec(exchange, type, spec) } : patch;
    return { patch: wanted, expected };
  }
  const operations = parseJson(await readBody(exchange.request));
  return {
    patched: (current) => {
      const object = writtenObject(applyJsonPatch(current, operations), null, { type, ...target });
      return checked(exchange, type, object);
    },
  };
}

/** Reads a merge patch and drops what a patch cannot change. */
export async function readMergePatch(
  exchange: Exchange,
  accepted: readonly string[] = ["application/merge-patch+json"],
): Promise<{ readonly patch: MergePatch; readonly expected: ExpectedObject }> {
  const mediaType = contentType(exchange.request);
  if (mediaType !== "application/merge-patch+json") throw unsupported(mediaType, accepted);
  const body = parseJson(await readBody(exchange.request));
  if (!isObject(body)) throw new StatusError("BadRequest", "a merge patch is a JSON object");
  const metadata = pick(isObject(body["metadata"]) ? body["metadata"] : {}, ["labels", "annotations"]);
  const patch = {
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...pick(body, ["spec"]),
  };
  return { patch, expected: expectedIn(body) };
}

/** Checks that an object is the one that the path names. */
function writtenObject(
  body: unknown,
  text: string | null,
  wanted: {
    readonly type: KindName;
    readonly namespace: string | undefined;
    readonly name: string | undefined;
  },
): WrittenObject {
  const { type } = wanted;
  if (!isObject(body)) {
    throw new StatusError(
      "BadRequest",
      text === null
        ? "the body is no JSON object"
        : "the body is not one readable YAML document; send one object a request (see: ds01 validate)",
    );
  }
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {};
  const named = wanted.name === undefined ? withName(metadata) : metadata;
  const found = { apiVersion: body["apiVersion"], kind: body["kind"], name: named["name"] };
  if (found.kind !== type.kind || found.apiVersion !== type.apiVersion) {
    throw new StatusError(
      "BadRequest",
      `the body is ${describe(found.apiVersion)} ${describe(found.kind)}; ` +
        `this path takes "${type.apiVersion}" "${type.kind}"`,
    );
  }
  if (typeof found.name !== "string" || (wanted.name !== undefined && found.name !== wanted.name)) {
    throw new StatusError(
      "BadRequest",
      wanted.name === undefined
        ? "metadata.name: wanted the name of the new object, or how it begins in metadata.generateName"
        : `the name of the object (${describe(found.name)}) does not match the name on the URL (${wanted.name})`,
    );
  }
  const namespace = metadata["namespace"];
  if (namespace !== undefined && namespace !== wanted.namespace) {
    throw new StatusError(
      "BadRequest",
      `the namespace of the provided object (${describe(namespace)}) does not match ` +
        `the namespace sent on the request (${wanted.namespace ?? "none"})`,
    );
  }
  const picked = pick(named, ["name", "namespace", "labels", "annotations"]);
  const { metadata: said, lastApplied } = withoutApplied(picked);
  return {
    text,
    written: {
      apiVersion: type.apiVersion,
      kind: type.kind,
      metadata: said,
      spec: isObject(body["spec"]) ? body["spec"] : {},
    },
    lastApplied,
    managedFields: readManagedFields(metadata["managedFields"]),
    name: found.name,
    expected: expectedIn(body),
  };
}

/** With a new name where the object is to get one that begins in a certain way. */
function withName(metadata: MergePatch): MergePatch {
  const prefix = prefixOf(metadata);
  if (prefix === undefined) return metadata;
  return { ...metadata, name: generatedName(prefix, (limit) => randomInt(limit)) };
}

/** How the name is to begin where there is none; an empty one is none, as programs write it that fill in all fields. */
function prefixOf({ name, generateName }: MergePatch): string | undefined {
  const isNamed = name !== undefined && name !== null && name !== "";
  return isNamed || typeof generateName !== "string" || generateName === "" ? undefined : generateName;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const said = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(said.map(([name, member]) => [name, withoutNulls(member)]));
}

function expectedIn(body: MergePatch): ExpectedObject {
  const metadata = isObject(body["metadata"]) ? body["metadata"] : {};
  const said = (name: string): string | undefined => {
    const value = metadata[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return { uid: said("uid"), resourceVersion: said("resourceVersion") };
}

function pick(from: MergePatch, names: readonly string[]): MergePatch {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}

/** JSON that is not nested too deeply; BadRequest for anything else. */
export function parseJson(text: string): unknown {
  // Deeper texts could exhaust the stack of whatever walks them. A text without an end ends with the body: were it no
  // text, the search would begin anew at each quotation mark in it, in time that grows with the square of their number.
  let depth = 0;
  for (const character of text.replaceAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)/gs, "")) {
    if (character === "{" || character === "[") depth += 1;
    if (character === "}" || character === "]") depth -= 1;
    if (depth > nestingMax) {
      throw new StatusError("BadRequest", `the body is nested more than ${nestingMax} levels deep`);
    }
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new StatusError("BadRequest", `the body is not JSON: ${error.message}`);
    }
    throw error;
  }
}

function unsupported(found: string, supported: readonly string[]): StatusError {
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format (${found === "" ? "no content type" : found}) - ` +
      `accepted media types include: ${supported.join(", ")}`,
  );
}

function describe(value: unknown): string {
  return typeof value === "string" ? `"${value.slice(0, 100)}"` : "without one";
}
