import { setTimeout as delay } from "node:timers/promises";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderJson } from "../print/json.ts";
import { renderGpuUsage } from "../print/gpu-usage.ts";
import { UsageError } from "../usage-error.ts";

const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** `ds01 top` */
export const top = defineCommand({
  usage: ["gpus"],
  description: [
    "Shows what goes on at the GPUs: utilisation, memory, who holds each device, and its processes with their owners. On a terminal it is drawn anew every few seconds until Ctrl-C; elsewhere, and with --once, one table is printed.",
    "The driver gives no utilisation for a GPU in MIG mode nor for its slices.",
  ],
  options: {
    once: { summary: "print one table and end" },
    interval: { value: "SECONDS", summary: "time between two looks; 2" },
    output: { short: "o", value: "FORMAT", summary: "table or json" },
  },
  examples: [
    ["ds01 top gpus", "watch the GPUs"],
    ["ds01 top gpus --once -o json", "the same for a script"],
  ],
  async run({ options, positionals }, context) {
    const [what = "gpus", ...rest] = positionals;
    if (!/^gpus?$/.test(what) || rest.length > 0)
      throw new UsageError(`say: ds01 top gpus; "${positionals.join(" ")}" is not known`);
    const format = options.output ?? "table";
    if (format !== "table" && format !== "json") {
      throw new UsageError(`unknown output format "${format}"; choose one of: table, json`);
    }
    const intervalMs = intervalOf(options.interval);
    const isLive = context.stdout.isTTY === true && !options.once && format === "table";
    if (isLive) return drawWithoutEnd(intervalMs, context);
    const usage = await context.client.gpuUsage();
    context.print(format === "json" ? renderJson(usage) : renderGpuUsage(usage, context.paint));
    return exitCodes.done;
  },
});

function intervalOf(text: string | undefined): number {
  const seconds = Number(text ?? 2);
  if (Number.isFinite(seconds) && seconds >= 1 && seconds <= 3600) return seconds * 1000;
  throw new UsageError(`--interval is 1 to 3600 seconds; "${text}" is not`);
}

/** Ends only with the reader, or when the controller goes away. */
async function drawWithoutEnd(intervalMs: number, context: Context): Promise<number> {
  for (;;) {
    const text = renderGpuUsage(await context.client.gpuUsage(), context.paint);
    context.print(screenOf(text, context.stdout.rows ?? 24));
    await delay(intervalMs);
  }
}

/** Written over what was there, line by line, so that nothing flickers; what does not fit is left out. */
function screenOf(text: string, rows: number): string {
  const lines = text
    .trimEnd()
    .split("\n")
    .slice(0, Math.max(1, rows - 1));
  return `${home}${lines.map((line) => `${line}${clearLine}\n`).join("")}${clearBelow}`;
}
