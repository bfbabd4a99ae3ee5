import { pipeline } from "node:stream/promises";
import { parseDuration } from "../../util/duration.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 logs` */
export const logs = defineCommand({
  usage: ["NAME", "NAMESPACE/NAME"],
  description: [
    "Standard output and standard error of the container, as they came. A container that is started again goes on with its log; --previous shows what was written before its last start.",
  ],
  options: {
    namespace: namespaceOption,
    build: { summary: "what the last build of its image wrote" },
    follow: { short: "f", summary: "go on printing what is written" },
    tail: { value: "N", summary: "only the last N lines" },
    since: {
      value: "WHEN",
      summary: "only what was written since: a duration such as 10m, or a time such as 2026-03-01T12:00",
    },
    previous: { short: "p", summary: "what it wrote before it was last started" },
    timestamps: { summary: "put the time before each line" },
  },
  examples: [
    ["ds01 logs train -f --tail 20", "the last 20 lines, then what follows"],
    ["ds01 logs train --since 1h", "of the last hour"],
    ["ds01 logs train --previous", "why did it end?"],
    ["ds01 logs train --build -f", "how the image of train is built"],
  ],
  async run({ options, positionals }, context) {
    const [word, ...more] = positionals;
    if (more.length > 0) throw new UsageError(`logs takes one container; found also "${more.join(" ")}"`);
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const tail = lineCount(options.tail);
    if (options.previous && options.follow) {
      throw new UsageError("--previous and --follow exclude each other: an earlier run writes no more");
    }
    const { stream, keptFrom } = await context.client.logs(target, {
      follow: options.follow,
      ...(options.build ? { build: true } : {}),
      timestamps: options.timestamps,
      previous: options.previous,
      ...sinceOf(options.since),
      ...(tail === undefined ? {} : { tail }),
    });
    if (keptFrom !== null) {
      context.tell(`The container is gone; these are the last lines kept of its run that ended ${keptFrom}.`);
    }
    await pipeline(stream, context.stdout, { end: false });
    return exitCodes.done;
  },
});

/** kubectl's -1 means all lines. */
function lineCount(text: string | undefined): number | undefined {
  if (text === undefined || text === "-1") return undefined;
  if (!/^\d+$/.test(text)) throw new UsageError(`--tail needs a whole number of lines; found "${text}"`);
  return Number(text);
}

/** A duration back from now, or a time; without a zone it is that of this machine. */
function sinceOf(text: string | undefined): { sinceSeconds?: number; sinceTime?: string } {
  if (text === undefined) return {};
  const durationMs = parseDuration(text);
  // The API counts whole seconds, as Kubernetes' does.
  if (durationMs !== undefined) return { sinceSeconds: Math.ceil(durationMs / 1000) };
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text.replace(" ", "T")) : Number.NaN;
  if (Number.isFinite(time)) return { sinceTime: new Date(time).toISOString() };
  throw new UsageError(
    `--since needs a duration such as 10m, or a time such as 2026-03-01T12:00; found "${text}"`,
  );
}
