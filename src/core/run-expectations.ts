import type { ObservedContainer } from "./observed.ts";
import { isLive } from "./plan/roles.ts";
import type { ContainerRecord } from "./record.ts";
import type { ManagedClaim } from "./schedule/lease.ts";
import { expectedRunMs, type RunHistory, type RunsNow } from "./schedule/run-history.ts";
import type { Expectations, ScheduleInput } from "./schedule/schedule-input.ts";

/** What is looked at to tell runs. */
interface Surroundings {
  readonly records: readonly ContainerRecord[];
  readonly claims: ReadonlyMap<string, ManagedClaim>;
  readonly containersOf: ReadonlyMap<string, readonly ObservedContainer[]>;
}

/** Stops that say nothing of how long the work would have taken. */
const cutOff: ReadonlySet<string> = new Set(["Preempted", "EmergencyStop"]);

/** Everything that holds devices and runs, and what has become of the rest. */
export function runsNow({ records, claims, containersOf }: Surroundings, at: number): RunsNow {
  const byUid = new Map(records.map((record) => [record.uid, record]));
  const containers = (uid: string): readonly ObservedContainer[] => containersOf.get(uid) ?? [];
  const allocated = [...claims.values()].filter(({ state }) => state === "Allocated");
  return {
    at,
    running: allocated.flatMap(({ uid, namespace, name }) => {
      const image = byUid.get(uid)?.spec?.image;
      const since = startOf(containers(uid));
      return image === undefined || since === undefined ? [] : [{ uid, namespace, name, image, since }];
    }),
    holding: new Set(allocated.map(({ uid }) => uid)),
    endedAt: (uid) => {
      const ends = containers(uid).flatMap(({ finishedAt }) => finishedAt ?? []);
      return ends.length === 0 ? undefined : Math.max(...ends);
    },
    gaveWay: (uid) => cutOff.has(byUid.get(uid)?.memory.stopCause ?? ""),
  };
}

/** When work without a limit should end, and how long work that waits should take; nothing without earlier runs. */
export function expectationsOf(
  history: RunHistory | undefined,
  around: Surroundings,
  now: number,
): Pick<ScheduleInput, "expectations"> {
  if (history === undefined || history.runs.length === 0) return {};
  return { expectations: () => runExpectations(history, around, now) };
}

function runExpectations(
  history: RunHistory,
  { records, claims, containersOf }: Surroundings,
  now: number,
): Expectations {
  const images = new Map(records.map(({ uid, spec }) => [uid, spec?.image]));
  const starts = new Map(history.open.map(({ uid, since }) => [uid, since]));
  return {
    endOf: (uid) => {
      const claim = claims.get(uid);
      const image = images.get(uid);
      const running = startOf(containersOf.get(uid) ?? []);
      const since = starts.get(uid) ?? running;
      if (claim === undefined || image === undefined || running === undefined || since === undefined)
        return undefined;
      const expected = expectedRunMs(history, { ...claim, image }, now - since);
      return expected === undefined ? undefined : since + expected;
    },
    runOf: ({ uid, namespace, name }) => {
      const image = images.get(uid);
      return image === undefined ? undefined : expectedRunMs(history, { namespace, name, image }, 0);
    },
  };
}

function startOf(containers: readonly ObservedContainer[]): number | undefined {
  const starts = containers.filter(isLive).flatMap(({ startedAt }) => startedAt ?? []);
  return starts.length === 0 ? undefined : Math.min(...starts);
}
