import { dirname, join, normalize } from "node:path/posix";

/** One import or re-export of a file. */
export interface ImportStatement {
  /** As written. */
  readonly specifier: string;
  /** Path below src for a relative import, else null. */
  readonly path: string | null;
  readonly kind: "static" | "type" | "dynamic";
}

const staticImport = /^(?:import|export)\s+(type\s)?[^"';]*?\bfrom\s+"([^"]+)"/gm;
const bareImport = /^import\s+"([^"]+)"/gm;
const dynamicImport = /\bimport\(\s*([^)]*?)\s*,?\s*\)/g;

/** The imports of a file at `path` below src; an import() that names no literal has an empty specifier. */
export function importsOf(path: string, text: string): readonly ImportStatement[] {
  const code = withoutComments(text);
  const found: ImportStatement[] = [];
  const add = (specifier: string, kind: ImportStatement["kind"]): void => {
    const local = specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : null;
    found.push({ specifier, path: local, kind });
  };
  for (const [, type, specifier = ""] of code.matchAll(staticImport))
    add(specifier, type === undefined ? "static" : "type");
  for (const [, specifier = ""] of code.matchAll(bareImport)) add(specifier, "static");
  for (const [, written = ""] of code.matchAll(dynamicImport)) {
    add(/^"([^"]+)"$/.exec(written)?.[1] ?? "", "dynamic");
  }
  return found;
}

/** The text with comments blanked; strings stay, since a comment's marks may stand in them. */
export function withoutComments(text: string): string {
  return text.replaceAll(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (token) => (token.startsWith("//") || token.startsWith("/*") ? " " : token),
  );
}
