import type { UserUsageLine } from "../../api/limits-answer.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { alignRows } from "../print/columns.ts";
import { renderJson } from "../print/json.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 usage` */
export const usage = defineCommand({
  usage: ["[USER...]"],
  description: [
    "Shows what everybody uses now against what they may: containers, GPU-equivalents, devices, and by which containers. Without a user all who use something.",
  ],
  options: { output: { short: "o", value: "FORMAT", summary: "table or json" } },
  examples: [
    ["ds01 usage", "who uses how much?"],
    ["ds01 usage alice", "only alice"],
  ],
  async run({ options, positionals }, context) {
    const format = options.output ?? "table";
    if (format !== "table" && format !== "json") {
      throw new UsageError(`unknown output format "${format}"; choose one of: table, json`);
    }
    const all = await context.client.userUsage(positionals);
    if (all.length === 0 && format === "table") context.tell("Nobody uses anything.");
    const header = ["USER", "QUOTA", "CONTAINERS", "GPU-EQUIVALENTS", "DEVICES", "BY"];
    const table = all.length === 0 ? "" : alignRows([header, ...all.map(rowOf)]);
    context.print(format === "json" ? renderJson(all) : table);
    return exitCodes.done;
  },
});

function rowOf(line: UserUsageLine): readonly string[] {
  const { user, quota, containers, maxContainers, gpuEquivalents, nominalGpuEquivalents } = line;
  return [
    user,
    quota ?? "-",
    `${containers}/${maxContainers ?? "unlimited"}`,
    `${amount(gpuEquivalents)}/${nominalGpuEquivalents === null ? "unlimited" : amount(nominalGpuEquivalents)}`,
    line.devices.length === 0 ? "-" : line.devices.join(","),
    line.holders.map((holder) => `${holder.name} ${amount(holder.gpuEquivalents)}`).join(", "),
  ].map(oneLine);
}

function amount(equivalents: number): string {
  return String(Number(equivalents.toFixed(3)));
}
