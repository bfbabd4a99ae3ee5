import { describe, expect, test } from "vitest";
import {
  advanceRuns,
  expectedRunMs,
  noRuns,
  parseRunHistory,
  type RunHistory,
  type RunsNow,
} from "./run-history.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const train = { uid: "u1", namespace: "alice", name: "train", image: "pytorch:2" };

/** What is seen at a moment: who runs since when, and who ended when. */
function seen(
  at: number,
  running: readonly (typeof train & { readonly since: number })[],
  change: Partial<RunsNow> = {},
): RunsNow {
  return {
    at,
    running,
    holding: new Set(running.map(({ uid }) => uid)),
    endedAt: () => undefined,
    gaveWay: () => false,
    ...change,
  };
}

function past(...hours: readonly number[]): RunHistory {
  const runs = hours.map((long, index) => ({ ...train, endedAt: index, ranMs: long * hour }));
  return { ...noRuns, runs: runs.map(({ uid: _uid, ...run }) => run) };
}

describe("the history of runs", () => {
  const begun = advanceRuns(noRuns, seen(minute, [{ ...train, since: 0 }]));

  test("has a run once it has ended, from its start to the end that the engine shows", () => {
    expect(begun.runs).toEqual([]);
    const over = advanceRuns(begun, seen(2 * hour, [], { endedAt: () => hour }));
    const { uid: _uid, ...identity } = train;
    expect(over).toEqual({ version: 1, open: [], runs: [{ ...identity, endedAt: hour, ranMs: hour }] });
    expect(advanceRuns(over, seen(3 * hour, [], { endedAt: () => hour }))).toEqual(over);
  });

  test("is the same when it was written down and read back at any look", () => {
    const again = parseRunHistory(JSON.parse(JSON.stringify(begun)));
    const look = seen(2 * hour, [], { endedAt: () => hour });
    expect(advanceRuns(again, look)).toEqual(advanceRuns(begun, look));
    // The controller was killed before it could write: it sees the end once more, of what it knew.
    expect(advanceRuns(parseRunHistory(begun), look).runs).toHaveLength(1);
  });

  test("takes what vanished as ended when it was last seen", () => {
    const later = advanceRuns(begun, seen(30 * minute, [{ ...train, since: 0 }]));
    expect(advanceRuns(later, seen(31 * minute, [])).runs).toMatchObject([{ ranMs: 30 * minute }]);
  });

  test("counts restarts and crashes as one run, for the devices stay taken", () => {
    const crashed = advanceRuns(begun, seen(10 * minute, [], { holding: new Set(["u1"]) }));
    expect(crashed.runs).toEqual([]);
    const restarted = advanceRuns(crashed, seen(20 * minute, [{ ...train, since: 15 * minute }]));
    const over = advanceRuns(restarted, seen(hour, [], { endedAt: () => 50 * minute }));
    expect(over.runs).toMatchObject([{ ranMs: 50 * minute }]);
  });

  test("leaves out what was made to give way", () => {
    expect(advanceRuns(begun, seen(hour, [], { gaveWay: () => true })).runs).toEqual([]);
  });

  test("keeps ten runs of a name, a hundred of a user, and none for longer than 90 days", () => {
    let history = noRuns;
    for (let index = 0; index < 300; index += 1) {
      const name = index % 2 === 0 ? "train" : `sweep-${index}`;
      const run = { ...train, uid: `u${index}`, name, since: index * minute };
      history = advanceRuns(history, seen(index * minute, [run]));
    }
    history = advanceRuns(history, seen(300 * minute, []));
    expect(history.runs.filter(({ name }) => name === "train")).toHaveLength(10);
    expect(history.runs).toHaveLength(100);
    expect(advanceRuns(history, seen(91 * day, [])).runs).toEqual([]);
  });

  test.each([null, 7, "x", [], {}, { version: 2, runs: [], open: [] }, { version: 1, runs: [{}], open: 3 }])(
    "is empty when the file says %j",
    (value) => {
      expect(parseRunHistory(value)).toEqual(noRuns);
    },
  );
});

describe("how long a run is expected to take", () => {
  test.each<[readonly number[], number, number | undefined]>([
    [[], 0, undefined],
    [[3], 0, undefined],
    [[1, 3], 0, 2],
    [[1, 2, 9], 0, 2],
    // Only those count that took longer than this one has run already.
    [[1, 2, 9], 1.5, 5.5],
    [[1, 2, 9], 2, 9],
    [[1, 2, 9], 9, undefined],
  ])("after runs of %j hours, %s hours in: %s", (hours, elapsed, expected) => {
    const found = expectedRunMs(past(...hours), train, elapsed * hour);
    expect(found).toBe(expected === undefined ? undefined : expected * hour);
  });

  test("is told by its owner's runs of the same image where the name has too few, and by nobody else's", () => {
    const history = past(2, 4);
    expect(expectedRunMs(history, { ...train, name: "other" }, 0)).toBe(3 * hour);
    expect(expectedRunMs(history, { ...train, name: "other", image: "another:1" }, 0)).toBeUndefined();
    expect(expectedRunMs(history, { ...train, namespace: "bob" }, 0)).toBeUndefined();
  });
});
