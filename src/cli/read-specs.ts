import { parseSpecText } from "../api/parse.ts";
import type { ParseResult } from "../api/parse.ts";
import type { Problem } from "../api/problem.ts";
import type { InputStream } from "./context.ts";
import { placeOf } from "./spec-place.ts";
import { readSpecTexts } from "./spec-files.ts";
import type { SpecText } from "./spec-files.ts";

/** A file with everything that is right and wrong in it. */
export interface CheckedFile extends SpecText, ParseResult {}

/** Reads and checks spec files as the controller would, also against each other; throws when one cannot be read. */
export async function readSpecs(
  paths: readonly string[],
  stdin: InputStream,
  prepare: (text: string) => string = (text) => text,
): Promise<readonly CheckedFile[]> {
  const declaredIn = new Map<string, string>();
  return (await readSpecTexts(paths, stdin)).map(({ path, text: written }) => {
    const text = prepare(written);
    const place = placeOf(path);
    const parsed = parseSpecText(text, place.hints);
    const twice: Problem[] = [];
    for (const { identity, positions } of parsed.documents) {
      if (place.root === undefined) continue;
      const key = [place.root, identity.kind, identity.namespace, identity.name].join("\n");
      const other = declaredIn.get(key);
      declaredIn.set(key, other ?? path);
      if (other === undefined || other === path) continue;
      twice.push({
        file: path,
        position: positions["metadata.name"] ?? null,
        length: identity.name.length,
        field: "metadata.name",
        message: `"${identity.name}" is declared in ${other} too; ds01 would take neither`,
      });
    }
    return { path, text, ...parsed, problems: [...parsed.problems, ...twice] };
  });
}
