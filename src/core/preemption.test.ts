import { describe, expect, test } from "vitest";
import { declare, declared, play, pureHost, runs, type Told } from "../../test/support/play-host.ts";
import { admittedQuota } from "../../test/support/quotas.ts";
import { recordOf, runPass, viewOf, type PureHost } from "../../test/support/pure-host.ts";
import { spec, startOfTest } from "../../test/support/world-builder.ts";
import { isLive } from "./plan/roles.ts";

const second = 1000;

const quota = (user: string, gpus: object): PureHost["quotas"][number] =>
  admittedQuota(user, { subjects: { users: [user] }, gpus: { nominal: 1, ...gpus } });

describe("borrowing", () => {
  const quotas = [quota("alice", { borrowingLimit: 1 }), quota("bob", {})];

  test("lets somebody use more than the quota while it is idle, marked, and no more than the limit", () => {
    const at = startOfTest;
    const start = declare(
      pureHost(4, { quotas }),
      declared("alice", "a", at),
      declared("alice", "b", at + 1),
      declared("alice", "c", at + 2),
    );
    const after = play(start, 5);
    expect(runs(after)).toEqual(["alice/a", "alice/b"]);
    expect(recordOf(after, "uid-alice-a").status.borrowing).toBeUndefined();
    expect(recordOf(after, "uid-alice-b").status).toMatchObject({ phase: "Running", borrowing: true });
    expect(recordOf(after, "uid-alice-c").status.reason).toBe("WaitingForQuota");
    expect(viewOf(after).borrowedBy("alice")).toBe(1);
  });

  test("keeps free what is not lent", () => {
    const kept = [quota("alice", { borrowingLimit: 1 }), quota("bob", { lendingLimit: 0 })];
    const start = declare(
      pureHost(2, { quotas: kept }),
      declared("alice", "a", startOfTest),
      declared("alice", "b", startOfTest),
    );
    const { status } = recordOf(play(start, 5), "uid-alice-b");
    expect(status).toMatchObject({ phase: "Pending", reason: "WaitingForCohort" });
    expect(status.message).toContain("kept for bob");
  });

  test("gives back, with notice, what is asked for by somebody within quota", () => {
    const told: Told[] = [];
    const borrowed = play(
      declare(
        pureHost(2, { quotas }),
        declared("alice", "a", startOfTest),
        declared("alice", "b", startOfTest + 1),
      ),
      120,
    );
    const asked = declare(borrowed, declared("bob", "x", borrowed.now));
    const noticed = play(asked, 10, told);
    expect(recordOf(noticed, "uid-bob-x").status.reason).toBe("WaitingForPreemption");
    expect(recordOf(noticed, "uid-bob-x").status.message).toContain(
      "alice/b (beyond its owner's quota) gives way at",
    );
    const conditions = recordOf(noticed, "uid-alice-b").status.conditions;
    expect(conditions.find(({ type }) => type === "DisruptionTarget")?.message).toContain(
      "gives way to bob/x",
    );
    expect(runs(noticed)).toEqual(["alice/a", "alice/b"]);
    const after = play(noticed, 60, told);
    expect(runs(after)).toEqual(["alice/a", "bob/x"]);
    const stop = told.find(({ step }) => step === "stop");
    expect(stop).toMatchObject({ uid: "uid-alice-b", at: asked.now + 30 * second });
    expect(recordOf(after, "uid-alice-b").status).toMatchObject({ phase: "Pending", gpus: [] });
    expect(recordOf(after, "uid-alice-b").memory.waitingSince).toBe(startOfTest + 1);
    // It comes back when there is room again, and nobody is stopped for it.
    const rid = {
      ...after,
      records: after.records.map((one) =>
        one.uid === "uid-bob-x"
          ? {
              ...one,
              generation: 2,
              spec: spec({
                gpus: { count: 1 },
                desiredState: "Stopped",
                lifecycle: { holdGpuAfterStop: "1s" },
              }),
            }
          : one,
      ),
    };
    expect(runs(play(rid, 30, told))).toEqual(["alice/a", "alice/b"]);
  });

  test("stops nobody who is within quota and not preemptible, whatever the priority", () => {
    const start = declare(pureHost(1, { quotas }), declared("alice", "a", startOfTest, { priority: 1 }));
    const after = play(declare(play(start, 120), declared("bob", "x", startOfTest, { priority: 50 })), 120);
    expect(runs(after)).toEqual(["alice/a"]);
    expect(recordOf(after, "uid-bob-x").status.reason).toBe("WaitingForDevices");
  });

  test("stops preemptible work for a higher priority, and the other way round never (I8)", () => {
    const start = declare(
      pureHost(1, { quotas }),
      declared("alice", "a", startOfTest, { priority: 10, preemptible: true }),
    );
    const told: Told[] = [];
    const after = play(
      declare(play(start, 120), declared("bob", "x", startOfTest, { priority: 50, preemptible: true })),
      600,
      told,
    );
    expect(runs(after)).toEqual(["bob/x"]);
    expect(told.filter(({ step }) => step === "stop")).toHaveLength(1);
  });

  test("looks again when somebody has run for long enough to give way, though nothing else happens", () => {
    const fields = { priority: 10, preemptible: true };
    const start = play(declare(pureHost(1, { quotas }), declared("alice", "a", startOfTest, fields)), 3);
    const asked = declare(start, declared("bob", "x", start.now));
    const { startedAt } = asked.containers.find(isLive) ?? {};
    expect(runPass(asked, "uid-bob-x").decision.requeueAt).toBe((startedAt ?? 0) + 60 * second);
  });

  test("tells who no longer has to give way", () => {
    const borrowed = play(
      declare(
        pureHost(2, { quotas }),
        declared("alice", "a", startOfTest),
        declared("alice", "b", startOfTest + 1),
      ),
      120,
    );
    const noticed = play(declare(borrowed, declared("bob", "x", borrowed.now)), 5);
    const left = { ...noticed, records: noticed.records.filter(({ uid }) => uid !== "uid-bob-x") };
    const told: Told[] = [];
    expect(runs(play(left, 120, told))).toEqual(["alice/a", "alice/b"]);
    expect(told).toEqual([]);
  });
});
