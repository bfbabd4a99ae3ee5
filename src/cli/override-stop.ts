import { parseDuration } from "../util/duration.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { namespaceOf } from "./selection.ts";
import { parseContainer } from "./target.ts";
import { UsageError } from "./usage-error.ts";

/** Stops the named containers for so long whatever Git says. */
export async function overrideStop(
  request: {
    readonly words: readonly string[];
    readonly namespace: string | undefined;
    /** `2h` */
    readonly duration: string;
    readonly reason: string | undefined;
  },
  context: Context,
): Promise<number> {
  const { words, namespace, duration, reason } = request;
  if (words.length === 0) throw new UsageError("name a container");
  if (parseDuration(duration) === undefined)
    throw new UsageError(`--override needs a time such as 2h; found "${duration}"`);
  if (reason?.trim() === "") throw new UsageError('--reason needs a text, such as "a talk"');
  for (const word of words) {
    const target = parseContainer(word, () => namespaceOf(namespace, context));
    const { until } = await context.client.overrideStop(target, duration, reason ?? null);
    context.print(`container/${target.name} stopping (override until ${until})\n`);
    context.tell(`What Git says holds again then, or after: ds01 start ${target.name}`);
  }
  return exitCodes.done;
}
