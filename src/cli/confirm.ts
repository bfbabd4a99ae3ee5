import { createInterface } from "node:readline/promises";
import type { Context } from "./context.ts";

/** Asks a person for `y`; anything else is no. Only for a terminal. */
export async function confirm(question: string, { stdin, stderr }: Context): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `, { stdin, stderr });
  return /^y(?:es)?$/i.test(answer);
}

/** Asks for a line; the empty text where the input has ended. */
export async function ask(
  question: string,
  { stdin, stderr }: Pick<Context, "stdin" | "stderr">,
): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    return (await Promise.race([lines.question(question), ended])).trim();
  } finally {
    lines.close();
  }
}
