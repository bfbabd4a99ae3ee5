import type { ObservedContainer } from "./observed.ts";

/** Where the wall clock stands against time that nobody can set. */
export interface ClockReading {
  /** Changes with each boot of the machine: what was read in another one cannot be compared. */
  readonly boot: string;
  /** When the machine was started, as the wall clock of now counts it (milliseconds since the epoch). */
  readonly bootedAt: number;
}

/** What has to be added to the times of one run of a container, as the wall clock has been set since (milliseconds). */
export interface ContainerClock {
  readonly containerId: string;
  /** As the engine says them: others are those of another run. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly startShiftMs: number;
  readonly endShiftMs: number;
  /** What the shifts are for. */
  readonly reading: ClockReading;
}

/** Less is what a clock gains and loses, or the time that reading it takes (milliseconds). */
export const leastJumpMs = 1000;

type Run = Pick<ObservedContainer, "id" | "startedAt" | "finishedAt">;

/**
 * What is known of the times of these containers, from what was known before. A time that is seen first counts as it
 * stands, but never as one to come; from then on it goes along wherever the wall clock is set to. Over a reboot nothing
 * but the wall clock tells how long it was.
 */
export function readClocks(
  before: readonly ContainerClock[],
  containers: readonly Run[],
  reading: ClockReading | null | undefined,
  now: number,
): readonly ContainerClock[] {
  // Where nobody can tell, what was found out earlier still counts.
  if (reading == null) return before;
  const found = containers.flatMap((container) => {
    const known = before.find((clock) => isOfStart(clock, container));
    return clockOf(known, container, reading, now) ?? [];
  });
  return isSameList(found, before) ? before : found;
}

function clockOf(
  known: ContainerClock | undefined,
  { id, startedAt, finishedAt }: Run,
  reading: ClockReading,
  now: number,
): ContainerClock | null {
  if (startedAt === null) return null;
  const jumpMs = known === undefined ? 0 : jumpBetween(known.reading, reading);
  const isKnownEnd = known !== undefined && known.finishedAt === finishedAt;
  const isSameBoot = known?.reading.boot === reading.boot;
  if (known !== undefined && isKnownEnd && isSameBoot && jumpMs === 0) return known;
  const shift = (at: number | null, knownMs: number | undefined): number => {
    const shiftMs = (knownMs ?? 0) + (knownMs === undefined ? 0 : jumpMs);
    if (at === null || (knownMs !== undefined && isSameBoot)) return shiftMs;
    return at + shiftMs > now + leastJumpMs ? now - at : shiftMs;
  };
  return {
    containerId: id,
    startedAt,
    finishedAt,
    startShiftMs: shift(startedAt, known?.startShiftMs),
    endShiftMs: isKnownEnd
      ? shift(finishedAt, known.endShiftMs)
      : firstSeenShiftMs(finishedAt, shift(finishedAt, undefined), { jumpMs, now }),
    reading,
  };
}

/** An end that is seen after the clock was set ahead may have come before that: it counts as the later of the two. */
function firstSeenShiftMs(
  at: number | null,
  shiftMs: number,
  { jumpMs, now }: { readonly jumpMs: number; readonly now: number },
): number {
  return at !== null && jumpMs > 0 && at + jumpMs <= now + leastJumpMs ? jumpMs : shiftMs;
}

/** By how much the wall clock was set between two readings; 0 where that cannot be known (milliseconds). */
export function jumpBetween(then: ClockReading, now: ClockReading): number {
  const jumpMs = then.boot === now.boot ? now.bootedAt - then.bootedAt : 0;
  return Math.abs(jumpMs) < leastJumpMs ? 0 : jumpMs;
}

function isOfStart({ containerId, startedAt }: ContainerClock, container: Run): boolean {
  return containerId === container.id && startedAt === container.startedAt;
}

function isSameList(left: readonly ContainerClock[], right: readonly ContainerClock[]): boolean {
  return left.length === right.length && left.every((clock, place) => clock === right[place]);
}

/** A moment that was noted. */
export interface NotedTime {
  /** Milliseconds since the epoch, on the wall clock as it stood at `clock`. */
  readonly at: number;
  /** Absent or null: nobody could tell. */
  readonly clock?: ClockReading | null | undefined;
}

/** The same on the wall clock as it is set now; the given one where it was not set. Over a reboot it stays as it stands. */
export function reckonedTime<T extends NotedTime>(noted: T, reading: ClockReading | null | undefined): T {
  if (reading == null || noted.clock == null) return noted;
  const jumpMs = jumpBetween(noted.clock, reading);
  return jumpMs === 0 ? noted : { ...noted, at: noted.at + jumpMs, clock: reading };
}

/** The containers with their times on the wall clock as it is set now. */
export function reckoned(
  containers: readonly ObservedContainer[],
  clocks: readonly ContainerClock[],
): readonly ObservedContainer[] {
  const isSet = clocks.some(({ startShiftMs, endShiftMs }) => startShiftMs !== 0 || endShiftMs !== 0);
  if (!isSet && containers.every(({ reckoned: before }) => before === undefined)) return containers;
  return containers.map(({ reckoned: _before, ...container }) => {
    const clock = clocks.find((one) => isOfStart(one, container));
    if (clock === undefined) return container;
    const { startedAt, startShiftMs, endShiftMs } = clock;
    const { finishedAt } = container;
    return {
      ...container,
      reckoned: {
        startedAt: startedAt + startShiftMs,
        finishedAt: finishedAt === null ? null : finishedAt + endShiftMs,
      },
    };
  });
}

/** When it was started, on the wall clock as it is set now; null: never. */
export function startOf({ startedAt, reckoned: now }: ObservedTimes): number | null {
  return now === undefined ? startedAt : now.startedAt;
}

/** When it ended, on the wall clock as it is set now; null: it has not. */
export function endOf({ finishedAt, reckoned: now }: ObservedTimes): number | null {
  return now === undefined ? finishedAt : now.finishedAt;
}

type ObservedTimes = Pick<ObservedContainer, "startedAt" | "finishedAt" | "reckoned">;
