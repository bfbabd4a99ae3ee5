import type { ParsedDocument } from "../api/parsed-document.ts";
import { kindByWord } from "../api/names.ts";
import type { KindName } from "../api/names.ts";
import { renderProblems } from "../api/render-problems.ts";
import { withoutServerFields } from "../api/server-fields.ts";
import { readYaml } from "../api/yaml-text.ts";
import type { ObjectTarget } from "../client/client.ts";
import { InvalidError } from "../util/errors.ts";
import type { Context } from "./context.ts";
import { readSpecs } from "./read-specs.ts";
import type { CheckedFile } from "./read-specs.ts";
import { namespaceOf } from "./selection.ts";
import { targetText } from "./target.ts";
import { printable } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** One object that a file declares. */
export interface Declared {
  readonly kind: KindName;
  readonly target: ObjectTarget;
  readonly path: string;
  /** The document as it was written. */
  readonly yaml: string;
  readonly document: ParsedDocument;
}

/** Reads what files declare; throws InvalidError with every problem of every file before anything is done. */
export async function readDeclared(
  paths: readonly string[],
  namespace: string | undefined,
  context: Context,
): Promise<readonly Declared[]> {
  const files = await readSpecs(paths, context.stdin, withoutServerFields);
  const wrong = files.filter((file) => file.problems.length > 0);
  if (wrong.length > 0) {
    const lines = wrong.map((file) => printable(renderProblems(file.problems, file.text)));
    throw new InvalidError({ reason: "Invalid", message: lines.join("\n"), remedy: "Nothing was changed." });
  }
  const declared = files.flatMap((file) => declaredIn(file, namespace, context));
  const seen = new Map<string, string>();
  for (const { kind, target, path } of declared) {
    const key = `${kind.singular} ${targetText(target)}`;
    const other = seen.get(key);
    if (other !== undefined)
      throw new UsageError(`${key} is declared in ${other} and in ${path}`, "Nothing was changed.");
    seen.set(key, path);
  }
  return declared;
}

function declaredIn(file: CheckedFile, namespace: string | undefined, context: Context): readonly Declared[] {
  const texts = documentTexts(file.text, file.documents.length);
  return file.documents.map((document, index) => {
    const kind = kindByWord(document.kind);
    if (kind === undefined) throw new TypeError(`${document.kind} is not among the kind names`);
    const { name } = document.identity;
    const scope = kind.namespaced ? { namespace: namespaceFor(document, file, namespace, context) } : {};
    return { kind, target: { ...scope, name }, path: file.path, yaml: texts[index] ?? file.text, document };
  });
}

function namespaceFor(
  { identity }: ParsedDocument,
  file: CheckedFile,
  namespace: string | undefined,
  context: Context,
): string {
  if (identity.namespace === "") return namespaceOf(namespace, context);
  if (namespace !== undefined && namespace !== identity.namespace) {
    throw new UsageError(
      `${file.path}: ${identity.name} is of namespace "${identity.namespace}", but -n says "${namespace}"`,
      "Nothing was changed.",
    );
  }
  return identity.namespace;
}

/** The text of each document; the whole file, comments and all, when there is only one. */
function documentTexts(text: string, count: number): readonly string[] {
  if (count === 1) return [text];
  return readYaml(text)
    .documents.filter((document) => document.contents !== null)
    .map((document) => text.slice(document.range[0], document.range[2]));
}
