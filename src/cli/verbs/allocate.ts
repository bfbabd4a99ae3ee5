import { renderProblem } from "../../api/problem.ts";
import type { AllocationPreview } from "../../api/allocation-preview.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../declared.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderAllocationPreview } from "../print/allocation-preview.ts";
import { renderJson } from "../print/json.ts";
import { renderRefusal } from "../print/refusal.ts";
import { namespaceOption } from "../selection.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 allocate` */
export const allocate = defineCommand({
  usage: ["--dry-run -f FILE|DIR|-"],
  description: [
    "Says which devices a spec would get now and why: for each device the clause that it fails, or what the strategy sees in it, then the choice. It is a pass of the scheduler with everybody who waits, thrown away: nothing is stored or reserved.",
    "Ends with 0 when all would have their devices now, 1 when one would wait, 2 for a file with problems, 3 when quota or policy refuse it.",
  ],
  options: {
    namespace: namespaceOption,
    filename: { short: "f", value: "FILE", multiple: true, summary: "file, directory or - (standard input)" },
    "dry-run": { summary: "say it and do nothing; without it there is nothing to run, for apply allocates" },
    output: { short: "o", value: "FORMAT", summary: "table or json" },
  },
  examples: [["ds01 allocate --dry-run -f users/alice/train.yaml", "which GPU would it get?"]],
  async run({ options, positionals }, context) {
    const paths = [...options.filename, ...positionals];
    if (!options["dry-run"]) {
      throw new UsageError(
        "devices are given out by the controller alone",
        "To see which: ds01 allocate --dry-run -f FILE.",
      );
    }
    if (paths.length === 0) throw new UsageError("say which files: -f FILE|DIR|-");
    const format = options.output ?? "table";
    if (format !== "table" && format !== "json") {
      throw new UsageError(`unknown output format "${format}"; choose one of: table, json`);
    }
    const { readDeclared } = await import("../declared.ts");
    const all = await readDeclared(paths, options.namespace, context);
    const containers = all.filter(({ kind }) => kind.kind === "ContainerSpec");
    if (containers.length === 0) throw new UsageError(`no ContainerSpec in ${paths.join(", ")}`);
    const previews: AllocationPreview[] = [];
    const codes: number[] = [];
    for (const declared of containers) {
      const preview = await context.client.allocation(declared.target, declared.yaml);
      previews.push(preview);
      codes.push(show(preview, declared, format, context));
    }
    if (format === "json") context.print(renderJson(previews.length === 1 ? previews[0] : previews));
    return Math.max(...codes);
  },
});

function show(preview: AllocationPreview, declared: Declared, format: string, context: Context): number {
  if (preview.problems.length > 0) {
    context.tell(preview.problems.map((problem) => printable(renderProblem(problem))).join("\n"));
    return exitCodes.usage;
  }
  if (preview.refusal !== null) {
    context.tell(renderRefusal(declared, preview.refusal.message));
    return exitCodes.denied;
  }
  if (format === "table") context.print(renderAllocationPreview(preview, context.paint));
  return preview.outcome.type === "waiting" ? exitCodes.failed : exitCodes.done;
}
