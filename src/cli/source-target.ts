import { kindOf, parseOneTarget } from "./target.ts";
import { UsageError } from "./usage-error.ts";

/** Reads `source NAME` or `source/NAME`. */
export function parseSource(words: readonly string[]): string {
  const { kind, name } = parseOneTarget(words);
  if (kind === kindOf("Source")) return name;
  throw new UsageError(`only a source can be suspended and resumed: source/NAME; found "${words.join(" ")}"`);
}
