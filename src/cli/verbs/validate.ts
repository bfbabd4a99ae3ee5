import { renderProblems } from "../../api/render-problems.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderJson } from "../print/json.ts";
import { readSpecs } from "../read-specs.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 validate` */
export const validate = defineCommand({
  usage: ["PATH..."],
  description: [
    "Checks files, and everything below directories, exactly as the controller would, without a controller: syntax, fields, values, and that no object is declared twice. Ends with 2 when something is wrong.",
  ],
  options: { output: { short: "o", value: "FORMAT", summary: "text or json" } },
  examples: [
    ["ds01 validate users/alice/", "all files of a directory"],
    ["ds01 validate - < train.yaml", "standard input"],
  ],
  async run({ options, positionals }, context) {
    const output = options.output ?? "text";
    if (output !== "text" && output !== "json") throw new UsageError(`-o is text or json; found "${output}"`);
    if (positionals.length === 0) throw new UsageError("name the files or directories to check");
    const files = await readSpecs(positionals, context.stdin);
    const wrong = files.some((file) => file.problems.length > 0);
    if (output === "json") {
      context.print(
        renderJson(files.map(({ path, problems }) => ({ file: path, ok: problems.length === 0, problems }))),
      );
    } else {
      for (const { path, text, problems } of files) {
        const good = `${path}: ${context.paint("green", "ok")}\n`;
        context.print(problems.length === 0 ? good : `${printable(renderProblems(problems, text))}\n`);
      }
      context.print(summariseProblems(files.map((file) => file.problems.length)));
    }
    return wrong ? exitCodes.usage : exitCodes.done;
  },
});

/** `1 file with 2 errors, 1 ok`: the last line. */
export function summariseProblems(errorsPerFile: readonly number[]): string {
  const bad = errorsPerFile.filter((errors) => errors > 0);
  const good = errorsPerFile.length - bad.length;
  if (bad.length === 0) return `${good} ok\n`;
  const errors = bad.reduce((sum, count) => sum + count, 0);
  const badText = `${counted(bad.length, "file")} with ${counted(errors, "error")}`;
  return good === 0 ? `${badText}\n` : `${badText}, ${good} ok\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
