import { renderProblems } from "../../api/render-problems.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { packageVersion } from "../package-version.ts";
import { renderJson } from "../print/json.ts";
import { readSpecs } from "../read-specs.ts";
import type { CheckedFile } from "../read-specs.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

const formats = ["text", "json", "markdown", "sarif", "github"] as const;
type Format = (typeof formats)[number];

/** `ds01 validate` */
export const validate = defineCommand({
  usage: ["PATH..."],
  description: [
    "Checks files, and everything below directories, exactly as the controller would, without a controller: syntax, fields, values, and that no object is declared twice. Ends with 2 when something is wrong.",
    "In a repository of specs it can also look into a CODEOWNERS file: whether somebody is asked about every file, and with --author whether the files belong to whoever changes them.",
  ],
  options: {
    output: {
      short: "o",
      value: "FORMAT",
      summary: "text, json, markdown (a comment), sarif (code scanning) or github (notes beside the lines)",
    },
    owners: { value: "FILE", summary: "a CODEOWNERS file that must name owners of every file" },
    author: {
      value: "OWNER",
      multiple: true,
      summary: "who makes the change: @user, and @organisation/team for each team",
    },
  },
  examples: [
    ["ds01 validate users/alice/", "all files of a directory"],
    ["ds01 validate - < train.yaml", "standard input"],
    [
      "ds01 validate --owners CODEOWNERS --author @alice users/alice/train.yaml",
      "may alice change this file?",
    ],
  ],
  async run({ options, positionals }, context) {
    const output = formats.find((format) => format === (options.output ?? "text"));
    if (output === undefined)
      throw new UsageError(`-o is one of ${formats.join(", ")}; found "${options.output ?? ""}"`);
    if (positionals.length === 0) throw new UsageError("name the files or directories to check");
    const { author, owners } = options;
    if (author.length > 0 && owners === undefined)
      throw new UsageError("--author needs --owners FILE: who owns what stands in there");
    const specs = await readSpecs(positionals, context.stdin);
    const files = owners === undefined ? specs : await withOwners(specs, owners, author);
    await report(output, files, context);
    return files.some((file) => file.problems.length > 0) ? exitCodes.usage : exitCodes.done;
  },
});

async function withOwners(
  files: readonly CheckedFile[],
  owners: string,
  authors: readonly string[],
): Promise<readonly CheckedFile[]> {
  const { addOwnerProblems } = await import("../review/owner-problems.ts");
  return addOwnerProblems(files, owners, authors);
}

async function report(format: Format, files: readonly CheckedFile[], context: Context): Promise<void> {
  const summary = summariseProblems(files.map((file) => file.problems.length));
  if (format === "text") {
    for (const { path, text, problems } of files) {
      const good = `${path}: ${context.paint("green", "ok")}\n`;
      context.print(problems.length === 0 ? good : `${printable(renderProblems(problems, text))}\n`);
    }
    return context.print(summary);
  }
  if (format === "json") {
    const found = files.map(({ path, problems }) => ({ file: path, ok: problems.length === 0, problems }));
    return context.print(renderJson(found));
  }
  const { githubAnnotations, sarifLog, validationMarkdown } = await import("../review/validation-report.ts");
  if (format === "sarif") return context.print(renderJson(sarifLog(files, await packageVersion())));
  context.print(format === "github" ? githubAnnotations(files) : validationMarkdown(files, summary));
}

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
