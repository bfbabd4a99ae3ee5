import { describe, expect, test } from "vitest";
import { declare, declared, play, pureHost, runs, type Told } from "../../../test/support/play-host.ts";
import { recordOf, viewOf, type PureHost } from "../../../test/support/pure-host.ts";
import { reservationRecord } from "../../../test/support/records.ts";
import { spec, startOfTest } from "../../../test/support/world-builder.ts";
import { ReservationSpecSpec, weekdays } from "../../api/reservation.ts";
import type { ContainerRecord, ReservationRecord } from "../record.ts";

const minute = 60_000;
const hour = 60 * minute;

/** Reserves for the course from so many minutes after the beginning of a test to so many. */
function booked(from: number, until: number, fields: object = { devices: ["0"] }): ReservationRecord {
  const time = (minutes: number): string => new Date(startOfTest + minutes * minute).toISOString();
  const spec = ReservationSpecSpec.parse({
    subjects: { users: ["cora"], groups: ["course"] },
    start: time(from),
    end: time(until),
    ...fields,
  });
  const positions = { "spec.start": { line: 7, column: 3 } };
  return reservationRecord("ml", {
    uid: "uid-ml",
    spec,
    source: { source: "specs", path: "reservations/ml.yaml", contentHash: "0", positions },
  });
}

const groups = new Map([["dora", ["course"]]]);
const host = (gpus: number, ...bookings: ReservationRecord[]): PureHost =>
  pureHost(gpus, { bookings, groups });
const reasonOf = (from: PureHost, uid: string): string | undefined => recordOf(from, uid).status.reason;
const conditionsOf = (from: PureHost, uid: string): readonly string[] =>
  recordOf(from, uid).status.conditions.map(({ type }) => type);

describe("before the window", () => {
  test("work of others starts on what is kept only where it ends in time, and is told how short that is", () => {
    const start = declare(
      host(1, booked(60, 120)),
      declared("alice", "long", startOfTest, { lifecycle: { maxRuntime: "2h" } }),
    );
    const waits = play(start, 3);
    expect(reasonOf(waits, "uid-alice-long")).toBe("ReservedForOthers");
    expect(recordOf(waits, "uid-alice-long").status.message).toMatch(
      /GPU 0 is reserved for ml \(reservations\/ml\.yaml:7\) from .*13:00 to 14:00 \(UTC\)\. .*A maxRuntime of at most 59m instead of 2h starts now/,
    );
    const short = declared("alice", "short", startOfTest, { lifecycle: { maxRuntime: "30m" } });
    expect(runs(play(declare(waits, short), 3))).toEqual(["alice/short"]);
  });

  test("work of others without a limit takes what is not kept", () => {
    const start = declare(
      host(2, booked(60, 120, { gpus: { count: 1 } })),
      declared("alice", "a", startOfTest),
      declared("alice", "b", startOfTest + 1),
    );
    const after = play(start, 5);
    expect(runs(after)).toEqual(["alice/a"]);
    expect(reasonOf(after, "uid-alice-b")).toBe("ReservedForOthers");
  });

  test("its own people may use what is kept at any time, as everybody may", () => {
    const start = declare(host(1, booked(60, 120)), declared("cora", "early", startOfTest));
    expect(runs(play(start, 3))).toEqual(["cora/early"]);
  });

  test("of a number of GPUs those are kept that are free, else free in time, so that nobody is in the way for nothing", () => {
    const half = declared("alice", "half", startOfTest, { lifecycle: { maxRuntime: "30m" } });
    const both = play(declare(host(2), half, declared("bob", "endless", startOfTest + 1)), 3);
    expect(runs(both)).toEqual(["alice/half", "bob/endless"]);
    const endless = recordOf(both, "uid-bob-endless").status.gpus[0]?.slot;
    const reserved = { ...both, bookings: [booked(60, 120, { gpus: { count: 1 } })] };
    const [kept] = viewOf(reserved).kept;
    expect(kept?.devices).toHaveLength(1);
    expect(kept?.devices.map(({ slot }) => slot)).not.toContain(endless);
    expect(viewOf(reserved).blocking.size).toBe(0);
  });

  test("who holds what is kept beyond its beginning is warned, and not stopped", () => {
    const start = play(declare(host(1), declared("alice", "endless", startOfTest)), 3);
    const warned = play({ ...start, bookings: [booked(60, 120)] }, 3);
    const condition = recordOf(warned, "uid-alice-endless").status.conditions.find(
      ({ type }) => type === "BlocksReservation",
    );
    expect(condition).toMatchObject({ status: "True", reason: "BlocksReservation" });
    expect(condition?.message).toMatch(/GPU 0 is reserved for ml .*has no end in sight.*not stopped/);
    const later = play({ ...warned, now: startOfTest + 90 * minute }, 5);
    expect(runs(later)).toEqual(["alice/endless"]);
    // The reservation is taken back, and so is the warning.
    const { bookings: _none, ...without } = later;
    expect(conditionsOf(play(without, 2), "uid-alice-endless")).not.toContain("BlocksReservation");
  });
});

describe("within the window", () => {
  const open = startOfTest + 61 * minute;

  test("the people of a group come first on what is kept, before others who have waited longer", () => {
    const waiting = play(
      declare(host(1, booked(60, 120)), declared("alice", "long", startOfTest, { priority: 90 })),
      3,
    );
    const after = play(declare({ ...waiting, now: open }, declared("dora", "lab", open)), 5);
    expect(runs(after)).toEqual(["dora/lab"]);
    expect(reasonOf(after, "uid-alice-long")).toBe("WaitingForDevices");
  });

  test("its people get what is kept for them, so that the rest is left to others", () => {
    const start = { ...host(2, booked(60, 120, { devices: ["1"] })), now: open };
    const after = play(declare(start, declared("alice", "a", open), declared("cora", "lab", open + 1)), 5);
    expect(runs(after)).toEqual(["alice/a", "cora/lab"]);
    const first = play(declare(start, declared("cora", "lab", open)), 5);
    expect(recordOf(first, "uid-cora-lab").status.gpus.map(({ slot }) => slot)).toEqual(["1"]);
  });

  test("others get it when the window is over, and nothing else had to happen", () => {
    const waiting = play(declare(host(1, booked(60, 120)), declared("alice", "long", startOfTest)), 3);
    expect(recordOf(waiting, "uid-alice-long").status.queue?.eta).toBe(
      new Date(startOfTest + 2 * hour).toISOString().replace(".000", ""),
    );
    expect(runs(play({ ...waiting, now: startOfTest + 121 * minute }, 3))).toEqual(["alice/long"]);
  });

  test("the hold of what others have stopped keeps nothing from them", () => {
    const lifecycle = { holdGpuAfterStop: "3h" };
    const ran = play(declare(host(1), declared("alice", "a", startOfTest, { lifecycle })), 3);
    const stop = declared("alice", "a", startOfTest, { lifecycle, desiredState: "Stopped" });
    const stopped = play(
      {
        ...ran,
        records: ran.records.map((one) => ({ ...one, generation: 2, spec: stop.spec })),
        bookings: [booked(60, 120)],
      },
      30,
    );
    expect(reasonOf(stopped, "uid-alice-a")).toBe("GpuHeld");
    const after = play(declare({ ...stopped, now: open }, declared("cora", "lab", open)), 5);
    expect(runs(after)).toEqual(["cora/lab"]);
  });

  test("what is stopped does not start again on what it held while that is reserved for others", () => {
    const lifecycle = { holdGpuAfterStop: "3h" };
    const run = declared("alice", "a", startOfTest, { lifecycle });
    const stop = declared("alice", "a", startOfTest, { lifecycle, desiredState: "Stopped" });
    const withSpec = (from: PureHost, generation: number, { spec }: typeof run): PureHost => ({
      ...from,
      records: from.records.map((one) => ({ ...one, generation, spec })),
    });
    const ran = play(declare(host(1), run), 3);
    const stopped = play({ ...withSpec(ran, 2, stop), bookings: [booked(60, 120)] }, 30);
    const again = play(withSpec({ ...stopped, now: open }, 3, run), 10);
    expect(runs(again)).toEqual([]);
    expect(reasonOf(again, "uid-alice-a")).toBe("ReservedForOthers");
    expect(runs(play({ ...again, now: startOfTest + 121 * minute }, 10))).toEqual(["alice/a"]);
  });

  test("its own people wait for no promise to others, and expect to start when it begins", () => {
    const lifecycle = { maxRuntime: "50m" };
    const start = play(
      declare(
        host(1, booked(60, 120)),
        declared("bob", "now", startOfTest, { lifecycle }),
        declared("alice", "next", startOfTest + 1, { lifecycle: { maxRuntime: "24h" }, priority: 90 }),
        declared("cora", "lab", startOfTest + 2, { lifecycle: { maxRuntime: "1h" } }),
      ),
      3,
    );
    expect(runs(start)).toEqual(["bob/now"]);
    const etaOf = (uid: string): number => Date.parse(recordOf(start, uid).status.queue?.eta ?? "");
    expect(etaOf("uid-cora-lab")).toBeLessThanOrEqual(startOfTest + 60 * minute);
    expect(etaOf("uid-alice-next")).toBeGreaterThanOrEqual(startOfTest + 120 * minute);
  });
});

/** Everything of alice has just ended by itself. */
function crashed(from: PureHost): PureHost {
  return {
    ...from,
    containers: from.containers.map((container) =>
      container.labels["ds01.user"] === "alice"
        ? { ...container, state: "exited" as const, exitCode: 1, finishedAt: from.now, pid: null }
        : container,
    ),
  };
}

describe("what has ended on a device that is reserved for others", () => {
  const ran = (lifecycle: object, ...bookings: ReservationRecord[]): PureHost =>
    play({ ...play(declare(host(1), declared("alice", "a", startOfTest, { lifecycle })), 3), bookings }, 3);

  test("keeps it from nobody: short work before the window has it, and its own people within", () => {
    const waits = play(crashed(ran({}, booked(60, 120))), 5);
    expect(reasonOf(waits, "uid-alice-a")).toBe("ReservedForOthers");
    const short = declared("bob", "short", waits.now, {
      lifecycle: { maxRuntime: "20m", holdGpuAfterStop: "0s" },
    });
    expect(runs(play(declare(waits, short), 5))).toEqual(["bob/short"]);
    const open = { ...waits, now: startOfTest + 61 * minute };
    expect(runs(play(declare(open, declared("cora", "lab", open.now)), 5))).toEqual(["cora/lab"]);
    expect(runs(play({ ...waits, now: startOfTest + 121 * minute }, 10))).toEqual(["alice/a"]);
  });

  test("starts again where what is left of its maxRuntime ends before the window", () => {
    const start = ran({ maxRuntime: "50m" }, booked(60, 120));
    const later = crashed({ ...start, now: startOfTest + 20 * minute });
    expect(runs(play(later, 10))).toEqual(["alice/a"]);
  });
});

describe("what runs on a device that is reserved for others by now", () => {
  const own = declared("alice", "a", startOfTest);
  const opened = (gpus: number): PureHost => ({
    ...play(declare(host(gpus), own), 3),
    bookings: [booked(60, 120)],
    now: startOfTest + 61 * minute,
  });
  const changed = (from: PureHost, change: Partial<ContainerRecord>): PureHost => ({
    ...from,
    records: from.records.map((one) => ({ ...one, ...change })),
  });
  const edited = (from: PureHost): PureHost =>
    changed(from, { generation: 2, spec: spec({ ...own.spec, image: "bed/health:1" }) });
  const idsOf = (from: PureHost): readonly string[] => from.containers.map(({ id }) => id);

  test.each([1, 2])("goes on there in a new container after an edit, on a host with %d GPUs", (gpus) => {
    const told: Told[] = [];
    const after = play(edited(opened(gpus)), 20, told);
    expect(runs(after)).toEqual(["alice/a"]);
    expect(recordOf(after, "uid-alice-a").status.gpus.map(({ slot }) => slot)).toEqual(["0"]);
    expect(told.map(({ step }) => step)).toEqual(["create", "stop", "start", "remove", "rename"]);
  });

  test("goes on in its old one where the new one fails", () => {
    const before = opened(1);
    const trying = play(edited(before), 3);
    expect(idsOf(trying)).toHaveLength(2);
    const after = play(crashed(trying), 3);
    expect(runs(after)).toEqual(["alice/a"]);
    expect(idsOf(after)).toEqual(idsOf(before));
  });

  test("goes on after a restart that was asked for", () => {
    const open = opened(1);
    const at = new Date(open.now - 1000).toISOString();
    const told: Told[] = [];
    const after = play(changed(open, { annotations: { "ds01.io/restartedAt": at } }), 5, told);
    expect(runs(after)).toEqual(["alice/a"]);
    expect(told.map(({ step }) => step)).toEqual(["stop", "start"]);
  });
});

test("who is overdue is not told to end what is being stopped", () => {
  const start = play(
    declare(host(1), declared("alice", "a", startOfTest, { lifecycle: { maxRuntime: "65m" } })),
    3,
  );
  const open = { ...start, bookings: [booked(60, 120)], now: startOfTest + 66 * minute };
  expect(viewOf(open).blocking.size).toBe(0);
});

test("reservations that meet only in weeks keep different devices", () => {
  const spec = ReservationSpecSpec.parse({
    subjects: { users: ["cora"] },
    gpus: { count: 1 },
    weekly: { days: [...weekdays], from: "12:00", to: "13:00", timeZone: "UTC" },
  });
  const everyDay = { ...booked(0, 60), name: "daily", uid: "uid-daily", spec };
  const fiveWeeks = 5 * 7 * 24 * 60;
  const once = booked(fiveWeeks, fiveWeeks + 60, { gpus: { count: 1 } });
  const [one, other] = viewOf(host(2, everyDay, once)).kept;
  expect(one?.devices).toHaveLength(1);
  expect(other?.devices).toHaveLength(1);
  expect(one?.devices).not.toEqual(other?.devices);
});

test("a reservation that is being deleted, or was never accepted, keeps nothing", () => {
  const spec = null;
  const start = declare(host(1, { ...booked(60, 120), spec }), declared("alice", "long", startOfTest));
  expect(runs(play(start, 3))).toEqual(["alice/long"]);
});
