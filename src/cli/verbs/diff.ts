import { renderProblem } from "../../api/problem.ts";
import { defineCommand } from "../command.ts";
import { createContext } from "../context.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../declared.ts";
import { exitCodes } from "../exit-codes.ts";
import { previewOf } from "../preview.ts";
import { isUnchanged, renderPreview } from "../print/preview.ts";
import { renderRefusal } from "../print/refusal.ts";
import { namespaceOption } from "../selection.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 diff` */
export const diff = defineCommand({
  usage: ["-f FILE|DIR|-"],
  description: [
    "Shows per object what applying the files would change, the steps that would follow, each with its cause, and what would be lost. Nothing is changed.",
    "Ends as `diff` does: 0 without differences, 1 with differences, higher on errors (3 when a change would be refused).",
  ],
  options: {
    namespace: namespaceOption,
    filename: { short: "f", value: "FILE", multiple: true, summary: "file, directory or - (standard input)" },
    output: { short: "o", value: "FORMAT", summary: "text, json or markdown (a comment for reviewers)" },
    prune: { summary: "the files are all there are: also tell what is declared now and not in them" },
    against: { value: "SOCKET", summary: "the controller to ask, as --socket" },
  },
  examples: [
    ["ds01 diff -f users/alice/train.yaml", "what would this edit do?"],
    ["ds01 diff --prune -o markdown specs/", "whom would merging this branch affect?"],
  ],
  async run({ options, positionals }, given) {
    const paths = [...options.filename, ...positionals];
    if (paths.length === 0) throw new UsageError("say which files: -f FILE|DIR|-");
    const output = options.output ?? "text";
    if (output !== "text" && output !== "json" && output !== "markdown")
      throw new UsageError(`-o is text, json or markdown; found "${output}"`);
    const context = options.against === undefined ? given : createContext(given, socketOf(options.against));
    const { readDeclared } = await import("../declared.ts");
    const declared = await readDeclared(paths, options.namespace, context);
    if (output === "text" && !options.prune) {
      const codes: number[] = [];
      for (const one of declared) codes.push(await diffOne(one, context));
      return Math.max(exitCodes.done, ...codes);
    }
    const { reviewChanges } = await import("../review/review-changes.ts");
    return reviewChanges(declared, { output, prune: options.prune }, context);
  },
});

/** A path, or the same as an address. */
function socketOf(against: string): string {
  if (/^(?!unix:)[a-z][a-z0-9+.-]*:/i.test(against))
    throw new UsageError(`--against is the path of a controller's socket; found "${against}"`);
  return against.replace(/^unix:(?:\/\/)?/, "");
}

async function diffOne(declared: Declared, context: Context): Promise<number> {
  const preview = await previewOf(declared, context);
  if (preview.problems.length > 0) {
    context.tell(preview.problems.map((problem) => printable(renderProblem(problem))).join("\n"));
    return exitCodes.usage;
  }
  if (preview.refusal !== null) {
    context.tell(renderRefusal(declared, preview.refusal.message));
    return exitCodes.denied;
  }
  if (isUnchanged(preview)) {
    context.tell(`${declared.kind.singular}/${declared.target.name}: no difference`);
    return exitCodes.done;
  }
  context.print(renderPreview(preview));
  return exitCodes.failed;
}
