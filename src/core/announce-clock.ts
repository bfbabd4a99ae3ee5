import { formatDuration } from "../util/duration.ts";
import { endOf } from "./container-clock.ts";
import type { Announcement } from "./decision.ts";
import { holdUntil } from "./expiry.ts";
import { formatTime } from "./format-time.ts";
import { deadlineOf, type Situation } from "./lifecycle/situation.ts";
import { restingRemoval } from "./lifecycle/resting-removal.ts";
import type { Fact } from "./lifecycle/fact.ts";
import { isLive } from "./plan/roles.ts";

const reason = "ClockSet";

/** Tells once, each time the wall clock was set, that what was to end at a time ends as much earlier or later. */
export function announceClock(situation: Situation, fact: Fact): readonly Announcement[] {
  const byMs = setBy(situation);
  const ends = byMs === 0 ? [] : endsOf(situation, fact);
  if (ends.length === 0) return [];
  const how = byMs > 0 ? "ahead" : "back";
  const message = `the clock of this host was set ${how} by ${formatDuration(Math.abs(byMs))}, which makes nothing longer or shorter: ${ends.join(", ")}`;
  return [{ type: "Normal", reason, message }];
}

/** By how much it was set since the times of the primary were looked at last (milliseconds); whole seconds. */
function setBy({ world, clocks, roles: { primary } }: Situation): number {
  const isOf = ({ containerId, startedAt, finishedAt }: Situation["clocks"][number]): boolean =>
    containerId === primary?.id && startedAt === primary.startedAt && finishedAt === primary.finishedAt;
  const [before, after] = [world.record.memory.clocks?.find(isOf), clocks.find(isOf)];
  if (primary === null || before === undefined || after === undefined) return 0;
  const byMs = isLive(primary)
    ? after.startShiftMs - before.startShiftMs
    : after.endShiftMs - before.endShiftMs;
  return Math.round(byMs / 1000) * 1000;
}

function endsOf(situation: Situation, fact: Fact): readonly string[] {
  const { roles, limits, now } = situation;
  const { primary } = roles;
  if (primary === null) return [];
  if (isLive(primary)) return told("maxRuntime ends", deadlineOf(situation), now);
  if (endOf(primary) === null) return [];
  return [
    ...told("its GPUs are kept until", fact.type === "stopped.held" ? holdUntil(primary, limits) : null, now),
    ...told("it is removed", restingRemoval(situation, primary, fact), now),
  ];
}

function told(what: string, at: number | null | undefined, now: number): readonly string[] {
  return at == null || at <= now ? [] : [`${what} ${formatTime(at)}`];
}
