import { setTimeout as delay } from "node:timers/promises";
import { parseDuration } from "../../util/duration.ts";
import { Ds01Error } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { gpuUsers } from "../gpu-users.ts";
import type { GpuUser } from "../gpu-users.ts";
import { gpuNames, setSchedulable } from "../schedulable.ts";
import type { GpuObject } from "../schedulable.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** How long `--move` waits unless told otherwise. */
const moveTimeoutMs = 300_000;
const lookAgainMs = 500;

/** `ds01 drain` */
export const drain = defineCommand({
  usage: ["gpu/SLOT", "gpu/UUID"],
  description: [
    "Cordons the GPU, lists who uses it and how that ends, and is done when nobody does. Alone it ends nothing: what runs there goes on, and starts elsewhere once it has ended. With `--move` its containers are made anew on other GPUs as these are free (files outside their volumes are lost); those for which none is free go on until one is.",
    "Ends with 0 when the GPU is drained; with 1 when it is not and nothing was to be waited for; with 5 when the time was over. It stays cordoned in any case: `ds01 uncordon` gives it back, and ends the moving. For admins.",
  ],
  options: {
    move: { summary: "move its containers to other GPUs" },
    timeout: {
      value: "DURATION",
      summary: "wait so long until nobody uses it (with --move 5m unless told; 0: without end)",
    },
    reason: { value: "TEXT", summary: "why; shown to everybody" },
  },
  examples: [
    ["ds01 drain gpu/1", "who is still on it?"],
    ["ds01 drain gpu/1 --timeout 2h", "wait until the last one has ended"],
    ["ds01 drain gpu/1 --move", "move them away"],
  ],
  async run({ options, positionals }, context) {
    const timeoutMs = timeoutOf(options.timeout, options.move);
    const [name, ...others] = gpuNames(positionals);
    if (name === undefined || others.length > 0) throw new UsageError("name one GPU: gpu/SLOT");
    const { reason } = options;
    const patch = {
      unschedulable: true,
      ...(reason === undefined ? {} : { unschedulableReason: reason }),
      ...(options.move ? { drain: true } : {}),
    };
    const gpu = await setSchedulable(name, patch, context);
    return await drained(gpu, { timeoutMs, moves: options.move }, context);
  },
});

/** Null: it is not waited at all. */
function timeoutOf(text: string | undefined, moves: boolean): number | null {
  if (text === undefined) return moves ? moveTimeoutMs : null;
  const parsed = text === "0" ? 0 : parseDuration(text);
  if (parsed === undefined) {
    throw new UsageError(`--timeout needs a duration with a unit, such as 30s or 5m; found "${text}"`);
  }
  return parsed === 0 ? Infinity : parsed;
}

async function drained(
  gpu: GpuObject,
  { timeoutMs, moves }: { readonly timeoutMs: number | null; readonly moves: boolean },
  context: Context,
): Promise<number> {
  const deadline = Date.now() + (timeoutMs ?? 0);
  const slot = `gpu/${gpu.metadata.name}`;
  let users = await gpuUsers(gpu, context);
  for (const user of users) context.print(`  ${oneLine(user.name)}: ${oneLine(planOf(user, moves))}\n`);
  const told = new Map<string, string>();
  while (isInUse(users)) {
    if (timeoutMs === null) {
      context.tell(`${slot} is still in use; wait with --timeout, or move its containers with --move.`);
      return exitCodes.failed;
    }
    if (Date.now() >= deadline) throw overdue(slot, users);
    tellWaiting(users, told, context);
    await delay(Math.min(lookAgainMs, Math.max(1, deadline - Date.now())));
    const before = users;
    users = await gpuUsers(gpu, context);
    for (const { name } of gone(before, users)) context.print(`  ${oneLine(name)} has left ${slot}\n`);
  }
  context.print(`${slot} drained\n`);
  return exitCodes.done;
}

function planOf({ ends, runs, managed }: GpuUser, moves: boolean): string {
  return moves && runs && managed ? `${ends}; moves to another GPU as soon as one is free` : ends;
}

/** What somebody waits for is told once, and again when it is something else. */
function tellWaiting(users: readonly GpuUser[], told: Map<string, string>, context: Context): void {
  for (const { name, waitsFor } of users) {
    if (waitsFor === "" || told.get(name) === waitsFor) continue;
    told.set(name, waitsFor);
    context.tell(`  ${oneLine(name)} waits: ${oneLine(waitsFor)}`);
  }
}

function gone(before: readonly GpuUser[], after: readonly GpuUser[]): readonly GpuUser[] {
  return before.filter(({ runs, name }) => runs && !after.some((user) => user.runs && user.name === name));
}

function isInUse(users: readonly GpuUser[]): boolean {
  return users.some(({ runs }) => runs);
}

function overdue(slot: string, users: readonly GpuUser[]): Ds01Error {
  const names = users.filter(({ runs }) => runs).map(({ name }) => name);
  return new Ds01Error({
    reason: "Timeout",
    message: `${slot} is not drained: still in use by ${names.join(", ")}.`,
    remedy: "It stays cordoned; ds01 drain again goes on, ds01 uncordon gives it back.",
  });
}
