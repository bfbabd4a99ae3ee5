import { join } from "node:path";
import { writtenKinds } from "../../api/document.ts";
import type { StoredRecord } from "../../core/record.ts";
import { canonicalJson, sha256 } from "../../util/hash.ts";
import type { StoredKind } from "./record-index.ts";
import { StateTooNew } from "./state-errors.ts";

/** Format of a record file; a file with a higher one was written by a newer ds01. */
export const recordFormat = 1;

export const storedKinds: readonly StoredKind[] = writtenKinds;

/** Path of a record below `objects/`: KIND/NAMESPACE/NAME.json, with `-` for the namespace of cluster-scoped kinds. */
export function recordPath(kind: StoredKind, namespace: string, name: string): string {
  return join(kind, namespace === "" ? "-" : fileName(namespace), `${fileName(name)}.json`);
}

/** Text of the file of a record. */
export function renderRecord(record: StoredRecord): string {
  const body = canonicalJson(record);
  return `{"version":${recordFormat},"checksum":"${sha256(body)}","record":${body}}\n`;
}

/** The record in a file's text, or why there is none in it; throws StateTooNew for the file of a newer ds01. */
export function parseRecord(text: string, path: string): StoredRecord | { readonly corrupt: string } {
  let envelope: unknown;
  try {
    envelope = JSON.parse(text);
  } catch {
    return { corrupt: "is not JSON" };
  }
  if (!isObject(envelope) || typeof envelope["version"] !== "number") return { corrupt: "has no version" };
  if (envelope["version"] > recordFormat) throw new StateTooNew(path, envelope["version"], recordFormat);
  const record = envelope["record"];
  if (envelope["checksum"] !== sha256(canonicalJson(record)))
    return { corrupt: "does not match its checksum" };
  return isStoredRecord(record) ? record : { corrupt: "holds no record of a known kind" };
}

function isStoredRecord(value: unknown): value is StoredRecord {
  return (
    isObject(value) &&
    storedKinds.some((kind) => kind === value["kind"]) &&
    typeof value["namespace"] === "string" &&
    typeof value["name"] === "string" &&
    typeof value["uid"] === "string" &&
    Number.isSafeInteger(value["resourceVersion"])
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name as a file name: everything unusual as %XX, so that no two names meet and none begins with a dot or dash. */
function fileName(name: string): string {
  const encoded = Buffer.from(name)
    .toString("latin1")
    .replace(
      /[^A-Za-z0-9_.@-]|^[.-]/g,
      (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  return encoded.length <= 200 ? encoded : `${encoded.slice(0, 130)}~${sha256(name)}`;
}
