import { describe, expect, test } from "vitest";
import { declare, declared, play, pureHost, runs, type Told } from "../../test/support/play-host.ts";
import { recordOf, runPass, viewOf, type PureHost } from "../../test/support/pure-host.ts";
import { startOfTest } from "../../test/support/world-builder.ts";
import type { EmergencyStop } from "./emergency-stop.ts";

const stopOf = (user: string | null): EmergencyStop => ({
  user,
  by: "root",
  at: startOfTest,
  reason: "smoke in the rack",
});
const lifecycle = { holdGpuAfterStop: "1m" };

function running(): PureHost {
  const start = declare(
    pureHost(3),
    declared("alice", "a", startOfTest, { stopGracePeriod: "10m", lifecycle }),
    declared("alice", "job", startOfTest, { restartPolicy: "Never", lifecycle }),
    declared("bob", "b", startOfTest, { lifecycle }),
  );
  const host = play(start, 10);
  expect(runs(host)).toEqual(["alice/a", "alice/job", "bob/b"]);
  return host;
}

describe("an emergency stop", () => {
  test("stops everything of a user without grace, nothing of others, and starts nothing of the user", () => {
    const told: Told[] = [];
    const before = { ...running(), emergencyStops: [stopOf("alice")] };
    const { decision } = runPass(before, "uid-alice-a");
    expect(decision.steps).toMatchObject([{ do: "stop", graceMs: 0 }]);
    const late = declared("alice", "late", before.now);
    const after = play(declare(before, late), 30, told);
    expect(runs(after)).toEqual(["bob/b"]);
    expect(told.filter(({ step }) => step === "create" || step === "start")).toEqual([]);
    const { status } = recordOf(after, "uid-alice-a");
    expect(status.message).toBe(
      "emergency stop by root at 2026-11-23T12:00:00Z: smoke in the rack; an admin ends it with: ds01 resume --user alice",
    );
    expect(recordOf(after, "uid-alice-late").status).toMatchObject({
      phase: "Stopped",
      reason: "EmergencyStop",
    });
    expect(viewOf(after).outcomes.has("uid-alice-late")).toBe(false);
  });

  test("lets go of the GPUs when their hold is over, as after any stop", () => {
    const stopped = play({ ...running(), emergencyStops: [stopOf(null)] }, 10);
    expect(recordOf(stopped, "uid-bob-b").status.reason).toBe("GpuHeld");
    const later = play(stopped, 80);
    expect(viewOf(later).leases).toEqual([]);
    expect(recordOf(later, "uid-bob-b").status.reason).toBe("GpuReleased");
  });

  test("is over when it is taken back: all runs again, jobs that it has cut off too", () => {
    const stopped = play({ ...running(), emergencyStops: [stopOf(null)] }, 90);
    expect(runs(stopped)).toEqual([]);
    expect(runs(play({ ...stopped, emergencyStops: [] }, 20))).toEqual(["alice/a", "alice/job", "bob/b"]);
  });

  test("leaves what has ended by itself as it is, and deletes what is deleted", () => {
    const before = running();
    const ended = {
      ...before,
      containers: before.containers.map((container) =>
        container.labels["ds01.name"] === "job"
          ? { ...container, state: "exited" as const, exitCode: 0, finishedAt: before.now }
          : container,
      ),
    };
    const completed = play(ended, 5);
    expect(recordOf(completed, "uid-alice-job").status.phase).toBe("Completed");
    const stopped = {
      ...completed,
      emergencyStops: [stopOf(null)],
      records: completed.records.map((record) =>
        record.name === "a"
          ? { ...record, deletion: { cause: "its file is gone", requestedAt: completed.now } }
          : record,
      ),
    };
    const after = play(stopped, 20);
    expect(after.records.map(({ name }) => name).toSorted()).toEqual(["b", "job"]);
    expect(recordOf(after, "uid-alice-job").status.phase).toBe("Completed");
    expect(runs(after)).toEqual([]);
  });
});
