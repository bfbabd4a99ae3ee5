import { setTimeout as delay } from "node:timers/promises";
import type { ApiObject } from "../../api/meta.ts";
import type { KindName } from "../../api/names.ts";
import type { ObjectTarget } from "../../client/client.ts";
import { parseDuration } from "../../util/duration.ts";
import { Ds01Error, NotFoundError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { deadlineIn } from "../deadline.ts";
import { exitCodes } from "../exit-codes.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { parseTargets } from "../target.ts";
import { UsageError } from "../usage-error.ts";
import { parseWanted, presentState } from "../wanted.ts";
import type { Wanted } from "../wanted.ts";

/** `ds01 wait` */
export const wait = defineCommand({
  usage: [
    "KIND/NAME... --for=condition=TYPE[=STATUS]",
    "KIND/NAME... --for=phase=PHASE",
    "KIND/NAME... --for=jsonpath=PATH=VALUE",
    "KIND/NAME... --for=delete",
  ],
  description: [
    "A condition or phase counts only when it was computed from the spec as it is now. Ends with 5, and says what the object is, when the time is over.",
  ],
  options: {
    namespace: namespaceOption,
    for: { value: "WHAT", summary: "condition=TYPE[=STATUS], phase=PHASE, jsonpath=PATH=VALUE or delete" },
    timeout: { value: "DURATION", summary: "how long at most (default 30s; 0 looks once)" },
  },
  examples: [
    ["ds01 wait container/train --for=condition=Ready --timeout=5m", "until it runs"],
    ["ds01 wait container/train --for=delete", "until it is gone"],
  ],
  async run({ options, positionals }, context) {
    const wanted = parseWanted(options.for);
    const timeoutMs = options.timeout === "0" ? 0 : parseDuration(options.timeout ?? "30s");
    if (timeoutMs === undefined) {
      throw new UsageError(
        `--timeout needs a duration with a unit, such as 30s or 5m; found "${options.timeout}"`,
      );
    }
    const targets = parseTargets(positionals).flatMap(({ kind, names }) => {
      if (names.length === 0) throw new UsageError("name what to wait for: KIND/NAME");
      const scope = kind.namespaced ? { namespace: namespaceOf(options.namespace, context) } : {};
      return names.map((name) => ({ kind, target: { ...scope, name } }));
    });
    const abort = new AbortController();
    try {
      await Promise.all(
        targets.map(async ({ kind, target }) => {
          await waitForOne({ kind, target, wanted, timeoutMs, signal: abort.signal }, context);
          const verdict = wanted.type === "deleted" ? "deleted" : "condition met";
          context.print(`${kind.singular}/${target.name} ${verdict}\n`);
        }),
      );
    } finally {
      abort.abort();
    }
    return exitCodes.done;
  },
});

interface Waiting {
  readonly kind: KindName;
  readonly target: ObjectTarget;
  readonly wanted: Wanted;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const lookAgainMs = 250;

async function waitForOne(waiting: Waiting, context: Context): Promise<void> {
  const { signal: deadline, cancel } = deadlineIn(waiting.timeoutMs);
  try {
    await waitUntil(deadline, waiting, context);
  } finally {
    cancel();
  }
}

async function waitUntil(deadline: AbortSignal, waiting: Waiting, context: Context): Promise<void> {
  const { kind, target, wanted, timeoutMs } = waiting;
  const signal = AbortSignal.any([waiting.signal, deadline]);
  let first: ApiObject | undefined;
  let last: ApiObject | undefined;
  for await (const state of statesOf({ ...waiting, signal }, context)) {
    last = state;
    first ??= last;
    if (isOver(wanted, first, last)) return;
    if (last === undefined) {
      const message = `${kind.singular}/${target.name} does not exist`;
      throw new NotFoundError({ reason: "NotFound", message });
    }
  }
  if (!deadline.aborted) return;
  const goal = wanted.type === "deleted" ? "its deletion" : wanted.text;
  const now = last === undefined ? "gone" : presentState(last);
  throw new Ds01Error({
    reason: "Timeout",
    message: `${kind.singular}/${target.name}: waited ${timeoutMs / 1000} s for ${goal}; it is ${now}.`,
  });
}

/** Every state of an object as it comes, undefined when it is gone; ends when the signal aborts. */
async function* statesOf(waiting: Waiting, context: Context): AsyncGenerator<ApiObject | undefined> {
  const { kind, target, signal } = waiting;
  do {
    // Looking before each watch finds what happened while no watch was open.
    const now = await current(waiting, context);
    yield now;
    if (now === undefined) return;
    const { resourceVersion } = now.metadata;
    try {
      for await (const event of context.client.watch(kind, { ...target, resourceVersion, signal })) {
        if (event.type !== "BOOKMARK") yield event.type === "DELETED" ? undefined : event.object;
      }
    } catch (error) {
      if (!(error instanceof Ds01Error && error.reason === "Expired")) throw error;
    }
    if (!signal.aborted) await delay(lookAgainMs, undefined, { signal }).catch(ignoreAbort);
  } while (!signal.aborted);
}

async function current({ kind, target }: Waiting, context: Context): Promise<ApiObject | undefined> {
  try {
    return await context.client.get(kind, target);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

function isOver(wanted: Wanted, first: ApiObject | undefined, last: ApiObject | undefined): boolean {
  // A new object of the same name is not the one that was to go.
  if (wanted.type === "deleted") return last === undefined || last.metadata.uid !== first?.metadata.uid;
  return last !== undefined && wanted.met(last);
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === "AbortError")) throw error;
}
