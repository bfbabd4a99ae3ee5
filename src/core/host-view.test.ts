import { describe, expect, it } from "vitest";
import { admittedQuota } from "../../test/support/quotas.ts";
import { quietHost, recordOf, runPass, viewOf, type PureHost } from "../../test/support/pure-host.ts";
import { device, record, spec, startOfTest } from "../../test/support/world-builder.ts";
import { isLive } from "./plan/roles.ts";
import type { ContainerRecord } from "./record.ts";

const minute = 60_000;
const gpuJob = { gpus: { count: 1 }, lifecycle: { maxRuntime: "10m", holdGpuAfterStop: "1m" } };

function host(records: readonly ContainerRecord[], change: Partial<PureHost> = {}): PureHost {
  return quietHost([device(0), device(1)], { records, ...change });
}

/** Looks at an object several times, a second apart. */
function look(start: PureHost, uid: string, passes = 4): PureHost {
  let current = start;
  for (let pass = 0; pass < passes; pass += 1) {
    current = runPass({ ...current, now: current.now + 1000 }, uid).host;
  }
  return current;
}

/** The same while the first device cannot be had, so that the object gets another one. */
function elsewhere(start: PureHost, uid: string): PureHost {
  const { inventory } = start;
  const sick = { ...device(0), healthy: false, unhealthyReason: "for the moment" };
  const fewer = { ...inventory, devices: [sick, device(1)] };
  return { ...look({ ...start, inventory: fewer }, uid), inventory };
}

function edit(start: PureHost, uid: string, fields: Parameters<typeof spec>[0]): PureHost {
  const own = recordOf(start, uid);
  const edited = { ...own, generation: own.generation + 1, spec: spec(fields) };
  return { ...start, records: start.records.map((one) => (one.uid === uid ? edited : one)) };
}

function running(state: PureHost): readonly string[] {
  return state.containers.filter(isLive).map(({ name }) => name);
}

describe("devices that were given back", () => {
  const first = record({ name: "first", spec: spec(gpuJob) });
  const second = record({ name: "second", spec: spec(gpuJob), createdAt: startOfTest + 1 });
  const [one, two] = [first.uid, second.uid];

  it("do not return by an edit when the owner's quota is used up by then", () => {
    const quotas = [admittedQuota("one", { subjects: { default: true }, gpus: { nominal: 1 } })];
    const begun = look(host([first, second], { quotas }), one);
    const over = look({ ...begun, now: begun.now + 10 * minute }, one);
    expect(recordOf(over, one).status.phase).toBe("Completed");
    const released = look({ ...over, now: over.now + 2 * minute }, one);
    const handed = elsewhere(released, two);
    expect(running(handed)).toEqual(["second._.alice"]);

    const edited = edit(handed, one, { ...gpuJob, env: [{ name: "AGAIN", value: "1" }] });
    const waiting = look(edited, one);
    expect(viewOf(waiting).usage("alice", null).gpuEquivalents).toBe(1);
    expect(recordOf(waiting, one).status).toMatchObject({ phase: "Pending", reason: "WaitingForQuota" });
    expect(running(waiting)).toEqual(["second._.alice"]);
  });

  it("are taken again in the queue's order, and the old container then holds none beside", () => {
    const begun = look(host([first]), one);
    const over = look({ ...begun, now: begun.now + 10 * minute }, one);
    const released = look({ ...over, now: over.now + 2 * minute }, one);
    expect(viewOf(released).claims.get(one)).toBeUndefined();

    const edited = edit(released, one, { ...gpuJob, env: [{ name: "AGAIN", value: "1" }] });
    const made = look(edited, one, 1);
    expect(viewOf(made).claims.get(one)?.deviceUuids).toHaveLength(1);
    expect(running(look(made, one, 6))).toEqual(["first._.alice"]);
  });

  it("do not return when a start that stalled is tried again, but wait their turn", () => {
    const quotas = [admittedQuota("one", { subjects: { default: true }, gpus: { nominal: 1 } })];
    const begun = look(host([first, second], { quotas }), one);
    const failure = {
      generation: 1,
      step: "start",
      reason: "PortInUse",
      message: "port 8888 is taken",
      stalled: true,
      attempts: 1,
      nextAt: begun.now + 5 * minute,
    } as const;
    const ended = { state: "exited", exitCode: 1, finishedAt: begun.now, pid: null } as const;
    const stalled: PureHost = {
      ...begun,
      containers: begun.containers.map((container) => ({ ...container, ...ended })),
      records: begun.records.map((own) =>
        own.uid === one ? { ...own, memory: { ...own.memory, failure } } : own,
      ),
    };
    const released = look({ ...stalled, now: stalled.now + 2 * minute }, one);
    const handed = elsewhere(released, two);
    expect(running(handed)).toEqual(["second._.alice"]);

    const again = look({ ...handed, now: handed.now + 5 * minute }, one);
    expect(running(again)).toEqual(["second._.alice"]);
    expect(recordOf(again, one).status.reason).toBe("WaitingForQuota");
  });
});

describe("a device that two containers were promised", () => {
  const [early, late] = [
    record({ name: "early", spec: spec(gpuJob) }),
    record({ name: "late", spec: spec(gpuJob) }),
  ];
  const made = (own: ContainerRecord, at: number, carriedOut: number): PureHost =>
    runPass(
      host([own], { now: at, inventory: { ...host([]).inventory, devices: [device(0)] } }),
      own.uid,
      carriedOut,
    ).host;

  it.each([
    ["the last promise, of two that never started", 1, 1, "late"],
    ["the one with a process, whatever was promised later", Infinity, 1, "early"],
  ])("belongs to %s", (_, earlySteps, lateSteps, winner) => {
    const [one, other] = [made(early, startOfTest, earlySteps), made(late, startOfTest + 5000, lateSteps)];
    const both: PureHost = {
      ...other,
      records: [...one.records, ...other.records],
      containers: [...one.containers, ...other.containers],
    };
    const holders = [...viewOf(both).claims.values()].filter(({ deviceUuids }) => deviceUuids.length > 0);
    expect(holders.map(({ name }) => name)).toEqual([winner]);
    const settled = look(look(both, early.uid), late.uid);
    expect(running(settled)).toEqual([`${winner}._.alice`]);
  });

  it("belongs to a promise of this moment rather than to a container that comes late", () => {
    const one = made(early, startOfTest, 1);
    const both = {
      ...one,
      records: [...one.records, late],
      reservations: new Map([[late.uid, { devices: ["GPU-0"] }]]),
    };
    expect([...viewOf(both).claims.values()].map(({ name }) => name)).toEqual(["late"]);
    expect(look(both, early.uid).containers).toEqual([]);
  });
});
