import { describe, expect, test } from "vitest";
import { declare, declared, play, pureHost, runs, type Told } from "../../test/support/play-host.ts";
import { recordOf, runPass, viewOf, type PureHost } from "../../test/support/pure-host.ts";
import { startOfTest } from "../../test/support/world-builder.ts";
import type { EmergencyStop } from "./emergency-stop.ts";
import { freshMemory } from "./lifecycle/memory.ts";
import type { ContainerRecord } from "./record.ts";

const stopOf = (user: string | null): EmergencyStop => ({
  user,
  by: "root",
  at: startOfTest,
  reason: "smoke in the rack",
});
const lifecycle = { holdGpuAfterStop: "1m", removeAfterStop: "2h" };

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

function changed(host: PureHost, name: string, change: Partial<ContainerRecord>): PureHost {
  const records = host.records.map((record) => (record.name === name ? { ...record, ...change } : record));
  return { ...host, records };
}

function deletedIn(host: PureHost, name: string): PureHost {
  return changed(host, name, { deletion: { cause: "its file is gone", requestedAt: host.now } });
}

/** As after a lost state directory, with a file that does not parse. */
function unknownIn(host: PureHost, name: string): PureHost {
  const rejection = { reason: "SpecInvalid", message: "no image", path: "users/alice/a.yaml", problems: [] };
  return changed(host, name, { spec: null, memory: freshMemory(host.now), rejection });
}

function idOf(host: PureHost, name: string): string {
  return host.containers.find((container) => container.labels["ds01.name"] === name)?.id ?? "";
}

describe("an emergency stop", () => {
  test("removes nothing however long it lasts, and then all runs again", () => {
    const told: Told[] = [];
    const before = { ...running(), emergencyStops: [stopOf(null)] };
    const stopped = play(before, 6 * 3600, told, 600);
    expect(runs(stopped)).toEqual([]);
    expect(told.filter(({ step }) => step === "remove")).toEqual([]);
    expect(recordOf(stopped, "uid-alice-a").status.removeAt).toBeUndefined();
    expect(runs(play({ ...stopped, emergencyStops: [] }, 60))).toEqual(["alice/a", "alice/job", "bob/b"]);
  });

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

  test("stops before the source is read completely, and removes nothing then", () => {
    const before = { ...running(), sourceSynced: false, emergencyStops: [stopOf("alice")] };
    expect(runPass(before, "uid-alice-a").decision.steps).toMatchObject([{ do: "stop", graceMs: 0 }]);
    const told: Told[] = [];
    const after = play(deletedIn(before, "a"), 30, told);
    expect(runs(after)).toEqual(["bob/b"]);
    expect(told.map(({ step }) => step)).toEqual(["stop", "stop"]);
    expect(told.map(({ cause }) => cause)).toContain("its file is gone");
  });

  test("gives no grace to what is deleted", () => {
    const before = { ...deletedIn(running(), "a"), emergencyStops: [stopOf("alice")] };
    expect(runPass(before, "uid-alice-a").decision.steps).toMatchObject([{ do: "stop", graceMs: 0 }]);
  });

  test.each([
    ["as declared", (host: PureHost) => host],
    ["of what is deleted", (host: PureHost) => deletedIn(host, "a")],
    ["of what no spec is known of", (host: PureHost) => unknownIn(host, "a")],
  ])("cuts a stop short that gives grace, %s, and not twice", (_, changed) => {
    const before = changed({ ...running(), emergencyStops: [stopOf(null)] });
    const id = idOf(before, "a");
    const stepsWhile = (graceMs: number): unknown =>
      runPass({ ...before, stopping: new Map([[id, graceMs]]) }, "uid-alice-a").decision.steps;
    expect(stepsWhile(600_000)).toMatchObject([{ do: "stop", id, graceMs: 0 }]);
    expect(stepsWhile(0)).toEqual([]);
    const calm = { ...before, emergencyStops: [], stopping: new Map([[id, 600_000]]) };
    expect(runPass(calm, "uid-alice-a").decision.steps).toEqual([]);
  });

  test("stops what runs without a spec that was ever valid; it keeps its GPU and runs again with one", () => {
    const before = running();
    const told: Told[] = [];
    const rejected = unknownIn(before, "a");
    expect(runPass(rejected, "uid-alice-a").decision.steps).toEqual([]);
    const emergency = { ...rejected, emergencyStops: [stopOf("alice")] };
    const { decision } = runPass(emergency, "uid-alice-a");
    expect(decision.steps).toMatchObject([
      { do: "stop", graceMs: 0, cause: expect.stringContaining("emergency stop by root") },
    ]);
    expect(runPass({ ...emergency, engineReady: false }, "uid-alice-a").decision.steps).toEqual([]);
    const stopped = play(emergency, 30, told);
    expect(runs(stopped)).toEqual(["bob/b"]);
    expect(told.filter(({ uid }) => uid === "uid-alice-a").map(({ step }) => step)).toEqual(["stop"]);
    expect(recordOf(stopped, "uid-alice-a").status).toMatchObject({ phase: "Failed", reason: "SpecInvalid" });
    const claimed = viewOf(before).claims.get("uid-alice-a")?.deviceUuids;
    expect(viewOf(stopped).claims.get("uid-alice-a")?.deviceUuids).toEqual(claimed);
    const { spec } = recordOf(before, "uid-alice-a");
    const mended = changed(stopped, "a", { spec, rejection: null });
    expect(runs(play({ ...mended, emergencyStops: [] }, 20))).toEqual(["alice/a", "alice/job", "bob/b"]);
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
