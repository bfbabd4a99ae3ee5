import type { GpuAvailability } from "../../api/gpu-answers.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { alignRows } from "../print/columns.ts";
import { renderJson } from "../print/json.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 gpu` */
export const gpu = defineCommand({
  usage: ["check SLOT|UUID..."],
  description: [
    "Says whether a device may be used now, and if not everything that speaks against it: who holds or uses it, what is wrong with it. The device is looked at for this; nothing is reserved.",
    "Ends with 0 when all that were named may be used, 1 when one may not, 4 when one does not exist.",
  ],
  options: { output: { short: "o", value: "FORMAT", summary: "table or json" } },
  examples: [
    ["ds01 gpu check 0", "may GPU 0 be used?"],
    ["ds01 gpu check 1:0 -o json", "the same about a slice, for a script"],
  ],
  async run({ options, positionals }, context) {
    const [action, ...references] = positionals;
    if (action !== "check" || references.length === 0) throw new UsageError("say: ds01 gpu check SLOT|UUID");
    const format = options.output ?? "table";
    if (format !== "table" && format !== "json") {
      throw new UsageError(`unknown output format "${format}"; choose one of: table, json`);
    }
    const answers: GpuAvailability[] = [];
    for (const reference of references) answers.push(await context.client.gpuAvailability(reference));
    const [only] = answers;
    context.print(
      format === "json"
        ? renderJson(answers.length === 1 ? only : answers)
        : alignRows([["SLOT", "MODEL", "AVAILABLE", "WHY"], ...answers.map(rowOf)], context.paint),
    );
    return answers.every(({ available }) => available) ? exitCodes.done : exitCodes.failed;
  },
});

function rowOf({ slot, model, profile, available, obstacles }: GpuAvailability): readonly string[] {
  const why = obstacles.map(({ message }) => oneLine(message)).join("; ");
  return [slot, profile ?? model, available ? "yes" : "no", why];
}
