import { setTimeout as delay } from "node:timers/promises";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderJson } from "../print/json.ts";
import { renderContainerUsage } from "../print/container-usage.ts";
import { renderGpuUsage } from "../print/gpu-usage.ts";
import { namespaceOption, scopeOf } from "../selection.ts";
import { UsageError } from "../usage-error.ts";

const home = "\u001b[H";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** Flags of `ds01 top`. */
export const topOptions = {
  namespace: namespaceOption,
  all: { short: "A", summary: "containers of all namespaces" },
  once: { summary: "print one table and end" },
  interval: { value: "SECONDS", summary: "time between two looks; 2" },
  output: { short: "o", value: "FORMAT", summary: "table or json" },
} as const;

/** `ds01 top` */
export const top = defineCommand({
  usage: ["gpus", "containers [-n NS] [-A]"],
  description: [
    "Shows what goes on at the GPUs: utilisation, memory, who holds each device, and its processes with their owners. On a terminal it is drawn anew every few seconds until Ctrl-C; elsewhere, and with --once, one table is printed.",
    "`containers`: the CPUs, measured over a second, the memory and the processes of yours, or with -A of all that you may see.",
    "The driver gives no utilisation for a GPU in MIG mode nor for its slices.",
  ],
  options: topOptions,
  examples: [
    ["ds01 top gpus", "watch the GPUs"],
    ["ds01 top containers", "watch your containers"],
    ["ds01 top gpus --once -o json", "the same for a script"],
  ],
  run: async ({ options, positionals }, context) => showUse(positionals, options, context),
});

/** What somebody wants of `ds01 top`, or of its other name. */
interface TopFlags {
  readonly namespace: string | undefined;
  readonly all: boolean;
  readonly once: boolean;
  readonly interval: string | undefined;
  readonly output: string | undefined;
}

/** Prints what the words name once, or draws it until Ctrl-C. */
export async function showUse(
  positionals: readonly string[],
  options: TopFlags,
  context: Context,
): Promise<number> {
  const look = lookOf(positionals, { namespace: options.namespace, all: options.all }, context);
  const format = options.output ?? "table";
  if (format !== "table" && format !== "json") {
    throw new UsageError(`unknown output format "${format}"; choose one of: table, json`);
  }
  const intervalMs = intervalOf(options.interval);
  const isLive = context.stdout.isTTY === true && !options.once && format === "table";
  if (isLive) return drawWithoutEnd(look, intervalMs, context);
  const { usage, table } = await look();
  context.print(format === "json" ? renderJson(usage) : table);
  return exitCodes.done;
}

/** One look at what is used: as it came, and for people. */
type Look = () => Promise<{ readonly usage: unknown; readonly table: string }>;

function lookOf(
  words: readonly string[],
  { namespace, all }: { readonly namespace: string | undefined; readonly all: boolean },
  context: Context,
): Look {
  const [what = "gpus", ...rest] = words;
  const { client, paint } = context;
  if (rest.length === 0 && /^gpus?$/.test(what)) {
    return async () => {
      const usage = await client.gpuUsage();
      return { usage, table: renderGpuUsage(usage, paint) };
    };
  }
  if (rest.length === 0 && /^(?:containers?|ctr|pods?)$/.test(what)) {
    const scope = scopeOf(namespace, all, context);
    return async () => {
      const usage = await client.containerUsage(scope.namespace);
      return { usage, table: renderContainerUsage(usage.items, scope.all, paint) };
    };
  }
  throw new UsageError(`say: ds01 top gpus, or ds01 top containers; "${words.join(" ")}" is not known`);
}

function intervalOf(text: string | undefined): number {
  const seconds = Number(text ?? 2);
  if (Number.isFinite(seconds) && seconds >= 1 && seconds <= 3600) return seconds * 1000;
  throw new UsageError(`--interval is 1 to 3600 seconds; "${text}" is not`);
}

/** Ends only with the reader, or when the controller goes away. */
async function drawWithoutEnd(look: Look, intervalMs: number, context: Context): Promise<number> {
  for (;;) {
    const { table } = await look();
    context.print(screenOf(table, context.stdout.rows ?? 24));
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
