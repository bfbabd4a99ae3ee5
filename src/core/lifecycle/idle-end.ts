import { formatDuration } from "../../util/duration.ts";
import { isBeingStopped } from "../being-stopped.ts";
import type { ConditionInput } from "../conditions.ts";
import type { Announcement } from "../decision.ts";
import { formatTime } from "../format-time.ts";
import { isSameRun } from "../idle/idle-state.ts";
import {
  describeSignals,
  describeTimeout,
  idleVerdict,
  judgedOf,
  type IdleVerdict,
  type IdleWarning,
} from "../idle/idle-verdict.ts";
import { isLive } from "../plan/roles.ts";
import type { Situation } from "./situation.ts";

const soon = "IdleSoon";

/** How long the container has been idle, and what follows; null while it is not or nobody minds. */
export function idleEnd(situation: Situation): IdleVerdict | null {
  const { world, limits, spec, memory, now, roles } = situation;
  const { idle = null, record } = world;
  const { primary } = roles;
  if (idle?.state == null || primary === null || !isLive(primary)) return null;
  const run = { containerId: primary.id, startedAt: primary.startedAt, generation: record.generation };
  if (!isSameRun(idle.state.run, run)) return null;
  const judged = judgedOf({ ...record, memory }, spec, limits.idleTimeoutMs);
  return idleVerdict(idle, judged, now);
}

/** `idle for 30m (GPU 0 %, CPU 0.1 %), longer than its idleTimeout of 30m (quotas/students.yaml:9)`. */
export function describeIdleEnd({ state, timeout }: IdleVerdict): string {
  return `idle for ${formatDuration(state.idleMs)} (${describeSignals(state)}), idleTimeout is ${describeTimeout(timeout)}`;
}

/** What is remembered of a warning until the container does something again. */
export function rememberIdleWarning(situation: Situation): { readonly idleWarning?: IdleWarning | null } {
  const before = situation.memory.idleWarning ?? null;
  const found = idleEnd(situation);
  const isWarned = found !== null && found.stage !== "counting" && found.state.idleSince !== null;
  if (!isWarned || found.state.idleSince === null) return before === null ? {} : { idleWarning: null };
  const { idleSince, idleMs } = found.state;
  return { idleWarning: before?.idleSince === idleSince ? before : { idleSince, idleMs } };
}

/** The condition between warning and stop. */
export function idleCondition(situation: Situation): readonly ConditionInput[] {
  const found = idleEnd(situation);
  if (found === null || found.stage === "counting") return [];
  const told = situation.world.record.status.conditions.find(({ type }) => type === soon);
  const isTold = situation.memory.idleWarning?.idleSince === found.state.idleSince && told !== undefined;
  // The time of the stop stays as it was told, whatever the clock does.
  const message = isTold ? told.message : warningText(situation, found);
  return [{ type: soon, status: true, reason: soon, message }];
}

/** Since when it is idle, once enough looks say so; null while it is not. */
export function shownIdleSince(situation: Situation): number | null {
  const state = idleEnd(situation)?.state;
  const least = situation.world.idle?.settings.samples ?? 0;
  return state === undefined || state.samples < least ? null : state.idleSince;
}

/** Warns once for each time of idleness, and says when that was taken back. */
export function announceIdle(situation: Situation): readonly Announcement[] {
  const before = situation.memory.idleWarning ?? null;
  const after = rememberIdleWarning(situation).idleWarning ?? before;
  const found = idleEnd(situation);
  if (after !== null && after !== before && found !== null)
    return [{ type: "Warning", reason: soon, message: warningText(situation, found) }];
  const { primary } = situation.roles;
  const isOver = before !== null && (found === null || found.stage === "counting");
  if (!isOver || primary === null || !isLive(primary) || isBeingStopped(situation.world, primary)) return [];
  return [
    { type: "Normal", reason: "IdleOver", message: `is not stopped for idleness: ${whyOver(situation)}` },
  ];
}

function whyOver({ world: { idle } }: Situation): string {
  const busy = idle?.state?.signals.filter(({ activity }) => activity !== "quiet") ?? [];
  return busy.length === 0 ? "its timeout is another now" : describeSignals({ signals: busy });
}

function warningText({ now }: Situation, { state, timeout, leftMs }: IdleVerdict): string {
  const idle = `idle for ${formatDuration(state.idleMs)} (${describeSignals(state)})`;
  return `${idle}: is stopped at ${formatTime(now + leftMs)} unless it is used, idleTimeout is ${describeTimeout(timeout)}; keep it: ds01 keepalive`;
}
