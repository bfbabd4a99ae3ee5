import { setTimeout as delay } from "node:timers/promises";
import type { ContainerSpecSpec, ContainerStatus, Phase } from "../../api/container.ts";
import type { ApiObject } from "../../api/meta.ts";
import { parseDuration } from "../../util/duration.ts";
import { Ds01Error } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { alignRows } from "../print/columns.ts";
import { kindOf } from "../target.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";
import { whomOf } from "../whom.ts";

type ContainerObject = ApiObject<ContainerSpecSpec, ContainerStatus>;

/** How long it is waited until everything has stopped, unless told otherwise. */
const usualTimeoutMs = 60_000;
const lookAgainMs = 200;

/** `ds01 emergency-stop` */
export const emergencyStop = defineCommand({
  usage: ["", "--user NAME --reason TEXT", "--all --reason TEXT"],
  description: [
    "Stops what a user, or everybody, has running, at once and without grace, and starts nothing of theirs again, whatever the files say, also after a restart of the controller, until `ds01 resume`. Nothing is removed and no file is changed; GPUs are kept as after any stop. Containers that ds01 did not make are left alone. Without flags it lists what is stopped so. For admins.",
    "Ends with 0 when everything has stopped; with 5 when the time was over. It holds in any case.",
  ],
  options: {
    user: { value: "NAME", summary: "the containers of this user" },
    all: { summary: "the containers of all users" },
    reason: { value: "TEXT", summary: "why; shown to everybody" },
    timeout: { value: "DURATION", summary: "how long to wait until everything has stopped (1m unless told)" },
  },
  examples: [
    ['ds01 emergency-stop --user alice --reason "mines coins"', "all of alice's containers"],
    ['ds01 emergency-stop --all --reason "cooling has failed"', "everything"],
    ["ds01 emergency-stop", "what is stopped so?"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 0)
      throw new UsageError(`name a user with --user; found "${positionals.join(" ")}"`);
    const { user, all, reason } = options;
    if (user === undefined && !all && reason === undefined) return await list(context);
    const whom = whomOf({ user, all });
    if (reason === undefined || reason.trim() === "") {
      throw new UsageError('say why with --reason "TEXT"; everybody concerned is shown it');
    }
    const timeoutMs = timeoutOf(options.timeout);
    const { declared, living: before } = await containersOf(whom, context);
    await context.client.emergencyStop(whom, reason);
    // Most likely a slip of the pen; who comes later is held nevertheless.
    if (whom !== null && declared === 0)
      context.tell(`no containers of ${whom} are declared here; it holds all the same`);
    return await stopped(whom, { before, deadline: Date.now() + timeoutMs }, context);
  },
});

async function list(context: Context): Promise<number> {
  const stops = await context.client.emergencyStops();
  if (stops.length === 0) {
    context.tell("Nothing is stopped in an emergency.");
    return exitCodes.done;
  }
  const unreadable = stops.find((stop) => stop.unreadable);
  if (unreadable !== undefined) context.tell(unreadableSince(unreadable.at));
  const known = stops.filter((stop) => stop !== unreadable);
  if (known.length === 0) return exitCodes.done;
  const rows = known.map(({ user, by, at, reason }) => [user ?? "(all)", by, at, oneLine(reason)]);
  context.print(alignRows([["USER", "BY", "SINCE", "REASON"], ...rows], context.paint));
  return exitCodes.done;
}

/** What the controller could not read, and who can put it right how. */
function unreadableSince(at: string): string {
  return (
    `Whom admins have stopped in an emergency cannot be read since ${at}, so nothing is started that does not run.\n` +
    "An admin ends that: see emergency-stops.json.corrupt in the controller's state directory, stop those whom it names " +
    "again with ds01 emergency-stop --user NAME --reason TEXT, and then: ds01 resume --all."
  );
}

function timeoutOf(text: string | undefined): number {
  if (text === undefined) return usualTimeoutMs;
  const parsed = parseDuration(text);
  if (parsed !== undefined) return parsed;
  throw new UsageError(`--timeout needs a duration with a unit, such as 30s or 5m; found "${text}"`);
}

/** How many are declared, and `alice/train` of each that has a process or is about to. */
async function containersOf(
  user: string | null,
  context: Context,
): Promise<{ readonly declared: number; readonly living: readonly string[] }> {
  const { items } = await context.client.list(
    kindOf("ContainerSpec"),
    user === null ? {} : { namespace: user },
  );
  const living = (items as readonly ContainerObject[])
    .filter(({ status }) => status !== undefined && lives.has(status.phase))
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return { declared: items.length, living };
}

const lives: ReadonlySet<Phase> = new Set([
  "Allocated",
  "Creating",
  "Starting",
  "Running",
  "Paused",
  "Degraded",
  "Stopping",
]);

async function stopped(
  user: string | null,
  { before, deadline }: { readonly before: readonly string[]; readonly deadline: number },
  context: Context,
): Promise<number> {
  let { living: left } = await containersOf(user, context);
  const told = new Set<string>();
  const tell = (): void => {
    for (const name of before) {
      if (left.includes(name) || told.has(name)) continue;
      told.add(name);
      context.print(`${oneLine(name)} stopped\n`);
    }
  };
  tell();
  while (left.length > 0) {
    if (Date.now() >= deadline) {
      throw new Ds01Error({
        reason: "Timeout",
        message: `still running: ${left.join(", ")}`,
        remedy: "the stop holds and goes on; see: ds01 get containers -A",
      });
    }
    await delay(lookAgainMs);
    ({ living: left } = await containersOf(user, context));
    tell();
  }
  const [whom, end] = user === null ? ["everybody", "--all"] : [user, `--user ${user}`];
  context.tell(`Nothing of ${whom} is started again until: ds01 resume ${end}`);
  return exitCodes.done;
}
