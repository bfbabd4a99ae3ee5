import { describe, expect, it } from "vitest";
import { changed, edited, ended, running } from "../../../test/support/one-object.ts";
import { playIdle } from "../../../test/support/idle-timeline.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { decide } from "../decide.ts";
import { predict } from "../plan/predict.ts";
import { resolveQuota } from "../quota/resolve.ts";
import type { World } from "../world.ts";

const minute = 60_000;
const fields = { gpus: { count: 1 }, lifecycle: { idleTimeout: "30m", removeAfterStop: "2h" } };

/** Stopped for idleness, and the container has ended. */
function stopped(): { readonly world: World; readonly at: number } {
  const { world, last } = playIdle(running(fields), [{ minutes: 60 }]);
  expect(last?.steps.map(({ do: kind }) => kind)).toEqual(["stop"]);
  const at = Date.UTC(2026, 10, 23, 12, 31);
  const gone = changed(world, ended(at, 143));
  return { world: predict(gone, { ...decide(gone, at), steps: [] }, at), at };
}

describe("the end of what is idle", () => {
  it("is told of with what was seen, when it comes and how to keep it", () => {
    const { world, last } = playIdle(running(fields), [{ minutes: 21, cpu: 0.5, io: 0.01 }]);
    const condition = world.record.status.conditions.find(({ type }) => type === "IdleSoon");
    expect(condition?.message).toBe(
      "idle for 20m (GPU 0 %, CPU 0.5 %, network 0 a minute, I/O 10.2Ki a minute, terminals quiet): is stopped at 2026-11-23T12:31:00Z unless it is used, idleTimeout is 30m (users/alice/train.yaml); keep it: ds01 keepalive",
    );
    expect(condition).toMatchObject({ status: "True", reason: "IdleSoon" });
    expect(world.record.status.idleSince).toBe("2026-11-23T12:01:00Z");
    expect(last?.status.phase).toBe("Running");
  });

  it("says why in the step that stops it", () => {
    const { last } = playIdle(running(fields), [{ minutes: 60, wantedBy: "bob/big" }]);
    expect(last?.steps[0]?.cause).toMatch(
      /^idle for 15m \(GPU 0 %.*\), idleTimeout is 15m as bob\/big waits for its GPU \(users/,
    );
  });

  it("does not come by what an earlier controller has seen", () => {
    const { world } = playIdle(running(fields), [{ minutes: 29 }]);
    const { idle } = world;
    if (idle?.state == null) throw new Error("was not looked at");
    const at = Date.UTC(2026, 10, 23, 12, 40);
    const state = { ...idle.state, idleMs: 40 * minute, unbrokenMs: 40 * minute };
    const steps = (isInherited: boolean): readonly string[] =>
      decide({ ...world, idle: { ...idle, state, isInherited } }, at).steps.map(({ do: kind }) => kind);
    expect(steps(false)).toEqual(["stop"]);
    expect(steps(true)).toEqual([]);
  });

  it("stays stopped, keeps its GPU for the hold and goes then, whatever restartPolicy says", () => {
    const { world, at } = stopped();
    expect(world.record.status).toMatchObject({
      phase: "Completed",
      reason: "IdleTimeout",
      holdUntil: "2026-11-23T12:46:00Z",
      removeAt: "2026-11-23T14:31:00Z",
    });
    expect(world.record.status.message).toContain("ds01 start");
    expect(decide(world, at + 60 * minute).steps).toEqual([]);
    expect(decide(world, at + 120 * minute).steps.map(({ do: kind }) => kind)).toEqual(["remove"]);
  });

  it("goes on when the spec asks for something else", () => {
    const { world, at } = stopped();
    const longer = edited(world, { gpus: { count: 1 }, lifecycle: { idleTimeout: "2h" } });
    expect(decide(longer, at + minute).steps.map(({ do: kind }) => kind)).toEqual(["start"]);
    const same = edited(world, { ...fields, priority: 1 });
    expect(decide(same, at + minute).steps).toEqual([]);
  });

  it("a spec may ask for less than the quota, not for more", () => {
    const quota = resolveQuota(
      "alice",
      [],
      [
        admittedQuota(
          "all",
          { subjects: { default: true }, lifecycle: { idleTimeout: "30m" } },
          {
            "spec.lifecycle.idleTimeout": 4,
          },
        ),
      ],
    );
    const asking = (idleTimeout: string): string =>
      decide({ ...running({ lifecycle: { idleTimeout } }), containers: [], quota }, Date.UTC(2026, 10, 24))
        .status.reason ?? "";
    expect(asking("10m")).not.toBe("ExceedsMaxQuota");
    expect(asking("31m")).toBe("ExceedsMaxQuota");
    expect(asking("never")).toBe("ExceedsMaxQuota");
  });
});
