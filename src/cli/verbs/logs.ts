import { pipeline } from "node:stream/promises";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 logs` */
export const logs = defineCommand({
  usage: ["NAME", "NAMESPACE/NAME"],
  description: ["Standard output and standard error of the container, as they came."],
  options: {
    namespace: namespaceOption,
    follow: { short: "f", summary: "go on printing what is written" },
    tail: { value: "N", summary: "only the last N lines" },
    timestamps: { summary: "put the time before each line" },
  },
  examples: [["ds01 logs train -f --tail 20", "the last 20 lines, then what follows"]],
  async run({ options, positionals }, context) {
    const [word, ...more] = positionals;
    if (more.length > 0) throw new UsageError(`logs takes one container; found also "${more.join(" ")}"`);
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const tail = lineCount(options.tail);
    const { stream, keptFrom } = await context.client.logs(target, {
      follow: options.follow,
      timestamps: options.timestamps,
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
