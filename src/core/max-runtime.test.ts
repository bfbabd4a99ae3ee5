import { describe, expect, it } from "vitest";
import { changed, edited, ended, failure, remembering, running } from "../../test/support/one-object.ts";
import { admittedQuota } from "../../test/support/quotas.ts";
import { startOfTest as now } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import { predict } from "./plan/predict.ts";
import { resolveQuota } from "./quota/resolve.ts";
import type { World } from "./world.ts";

const minute = 60_000;
const hour = 60 * minute;

function underQuota(start: World, maxRuntime: string): World {
  const quota = admittedQuota("all", { subjects: { default: true }, lifecycle: { maxRuntime } });
  return { ...start, quota: resolveQuota("alice", [], [quota]) };
}

describe("maxRuntime", () => {
  it("counts from the start of the process, however long ago its container was made", () => {
    const start = changed(running({ lifecycle: { maxRuntime: "1h" } }), { createdAt: now - 5 * hour });
    expect(decide(start, now + hour - minute).steps).toEqual([]);
    expect(decide(start, now + hour + minute).steps).toMatchObject([{ do: "stop" }]);
  });

  it("of a new quota does not stop what ran without one", () => {
    const decision = decide(underQuota(running(), "1h"), now + 3 * hour);

    expect(decision.steps).toEqual([]);
    expect(decision.requeueAt).toBeNull();
  });

  it("of a new quota counts for a spec that is edited under it", () => {
    const before = underQuota(running(), "1h");

    const decision = decide(edited(before, { priority: 0 }), now + 3 * hour);

    expect(decision.steps.map((step) => step.do)).toEqual(["stop"]);
  });

  it("is not put off by an edit that the quota refuses", () => {
    const lifecycle = { maxRuntime: "1h" };
    const beyond = edited(underQuota(running({ lifecycle }), "2h"), { lifecycle: { maxRuntime: "never" } });

    const decision = decide(beyond, now + minute);
    expect(decision.steps).toEqual([]);
    const reserved = decision.status.conditions.find(({ type }) => type === "QuotaReserved");
    expect(reserved).toMatchObject({ status: "False", reason: "ExceedsMaxQuota" });
    expect(decide(beyond, now + 2 * hour).steps).toMatchObject([{ do: "stop" }]);
  });

  it("is looked at in time while a new image is waited for", () => {
    const start = running({ lifecycle: { maxRuntime: "1h" } });
    const next = edited(start, { image: "bed/health:1", lifecycle: { maxRuntime: "1h" } });
    const pulling: World = { ...next, image: { type: "pulling" } };

    // What is pulled is looked at every few seconds: the deadline comes first only near its end.
    expect(decide(pulling, now + hour - 1000).requeueAt).toBe(now + hour);
  });

  it("is looked at in time while a failed step waits, even one that never mends", () => {
    const start = running({ lifecycle: { maxRuntime: "1h" } });
    const failed = (nextAt: number): World => {
      const next: World = { ...edited(start, { image: "bed/x:1", lifecycle: { maxRuntime: "1h" } }) };
      const known = predict(next, { ...decide(next, now + minute), steps: [] }, now + minute);
      return remembering(known, { failure: { ...failure("create", nextAt), generation: 2 } });
    };

    expect(decide(failed(now + 2 * hour), now + minute).requeueAt).toBe(now + hour);
    expect(decide(failed(now + 2 * minute), now + minute).requeueAt).toBe(now + 2 * minute);
    expect(decide(failed(Number.MAX_SAFE_INTEGER), now + minute).requeueAt).toBe(now + hour);
  });

  it("counts a finished run once, however often its restart fails", () => {
    const crashed = changed(running({ lifecycle: { maxRuntime: "3h" } }), ended(now + hour));
    let current = crashed;
    for (let pass = 0; pass < 4; pass += 1) {
      const at = now + hour + pass * 10 * minute;
      const decision = decide(current, at);
      expect(decision.steps.map((step) => step.do)).toEqual(["start"]);
      current = remembering(crashed, { ...decision.memory, failure: failure("start", at + 1000, pass + 1) });
    }

    const { ranMs, attempts, restarts } = current.record.memory;
    expect({ ranMs, attempts, restarts }).toEqual({ ranMs: hour, attempts: 1, restarts: 1 });
  });

  it("starts anew for a person's start that fails at first", () => {
    const stopped = remembering(changed(running({ restartPolicy: "Never" }), ended(now + hour, 143)), {
      stopCause: "SpecStopped",
    });
    const first = decide(stopped, now + hour);
    const again = remembering(stopped, { ...first.memory, failure: failure("start", now + hour + 1000) });

    const second = decide(again, now + hour + 2000);

    expect(second.steps.map((step) => step.do)).toEqual(["start"]);
    expect(second.memory.ranMs).toBe(0);
  });

  describe("is announced before it ends", () => {
    const tell = (start: World, at: number) => decide(start, at);

    it("a tenth of it before, at most a quarter of an hour, once", () => {
      const day = running({ lifecycle: { maxRuntime: "24h" } });
      const quiet = tell(day, now + 2 * minute);
      expect(quiet.announcements).toEqual([]);
      expect(quiet.requeueAt).toBe(now + 24 * hour - 15 * minute);

      const warned = tell(day, now + 24 * hour - 10 * minute);
      const message =
        "is stopped at 2026-11-24T12:00:00Z, when its maxRuntime of 1d (users/alice/train.yaml) is used up: save what you need";
      expect(warned.announcements).toEqual([{ type: "Warning", reason: "MaxRuntimeSoon", message }]);
      expect(warned.requeueAt).toBe(now + 24 * hour);
      const condition = warned.status.conditions.find(({ type }) => type === "MaxRuntimeSoon");
      expect(condition).toMatchObject({ status: "True", message });

      const after = predict(day, warned, now + 24 * hour - 10 * minute);
      expect(tell(after, now + 24 * hour - 5 * minute).announcements).toEqual([]);
    });

    it("of an hour six minutes before, and again for the next run", () => {
      const start = running({ lifecycle: { maxRuntime: "1h" } });
      expect(tell(start, now + minute).requeueAt).toBe(now + 54 * minute);
    });
  });
});
