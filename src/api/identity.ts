import { isWrittenKind } from "./document.ts";
import type { WrittenKind } from "./document.ts";

/** Which object a document is about; `namespace` is empty for quotas, reservations and where nothing says it. */
export interface SpecIdentity {
  readonly kind: WrittenKind;
  readonly namespace: string;
  readonly name: string;
}

/** What is known about a document besides its text. */
export interface IdentityHints {
  readonly path: string;
  readonly expect?: WrittenKind | undefined;
  readonly namespaceFromPath?: string | undefined;
}

/**
 * The object a document that never parsed is most likely about, so that it can be listed and described: what the
 * text says where it can be read, else the names of the file and its directory. The name is always a valid one.
 */
export function guessedIdentity(value: unknown, text: string, hints: IdentityHints): SpecIdentity {
  const metadata = field(value, "metadata");
  const writtenKind = field(value, "kind") ?? lineValue(text, /^["']?kind["']?:[ \t]*(.+)$/m);
  const kind = hints.expect ?? (isWrittenKind(writtenKind) ? writtenKind : "ContainerSpec");
  const writtenName = field(metadata, "name") ?? lineValue(text, /^[ \t]+["']?name["']?:[ \t]*(.+)$/m);
  const writtenNamespace = field(metadata, "namespace");
  const name =
    validName(typeof writtenName === "string" ? writtenName : "") || validName(fileStem(hints.path));
  const namespace = hints.namespaceFromPath ?? (typeof writtenNamespace === "string" ? writtenNamespace : "");
  return { kind, namespace: kind === "ContainerSpec" ? namespace : "", name: name || "unnamed" };
}

/** Whether the text, which is no valid document, says that name itself; else it is a guess. */
export function isNamed(value: unknown, { name }: SpecIdentity): boolean {
  return field(field(value, "metadata"), "name") === name;
}

/** A line that is longer than any name is cut first: what is searched in it would cost its length squared. */
function lineValue(text: string, pattern: RegExp): string | undefined {
  return pattern
    .exec(text)?.[1]
    ?.slice(0, 300)
    .replace(/\s+#.*$/, "")
    .replace(/^["']|["',]+$/g, "")
    .trim();
}

function fileStem(path: string): string {
  return (path.split("/").at(-1) ?? "").replace(/\.(?:ya?ml|json)$/i, "");
}

function validName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 63)
    .replace(/[^a-z0-9]+$/, "");
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
