import { describe, expect, test } from "vitest";
import { declare, declared, play, pureHost, runs, type Told } from "../../test/support/play-host.ts";
import { recordOf, runPass, viewOf, type PureHost } from "../../test/support/pure-host.ts";
import { startOfTest } from "../../test/support/world-builder.ts";
import type { ContainerRecord } from "./record.ts";
import { holdsAt, overrideFor, type StopOverride } from "./stop-override.ts";

const uid = "uid-alice-train";
const override = (host: PureHost, change: Partial<StopOverride> = {}): StopOverride => ({
  uid,
  namespace: "alice",
  name: "train",
  by: "alice",
  at: host.now,
  forMs: 600_000,
  reason: "a talk",
  ...change,
});
const stopped = (host: PureHost, change: Partial<StopOverride> = {}): PureHost => ({
  ...host,
  stopOverrides: [override(host, change)],
});

function running(fields: Parameters<typeof declared>[3] = {}): PureHost {
  const lifecycle = { holdGpuAfterStop: "1m" };
  const start = declare(
    pureHost(1),
    declared("alice", "train", startOfTest, { lifecycle, ...fields }),
    declared("alice", "beside", startOfTest, { gpus: undefined }),
  );
  const host = play(start, 10);
  expect(runs(host)).toEqual(["alice/beside", "alice/train"]);
  return host;
}

describe("an override that stops", () => {
  test("stops the one it is about as a plain stop does, and says so everywhere", () => {
    const before = stopped(running());
    const { decision } = runPass(before, uid);
    expect(decision.steps).toMatchObject([
      { do: "stop", graceMs: 5000, cause: expect.stringContaining("a talk") as string },
    ]);
    const after = play(before, 20);
    expect(runs(after)).toEqual(["alice/beside"]);
    const { status, spec } = recordOf(after, uid);
    expect(status).toMatchObject({
      phase: "Held",
      reason: "StopOverride",
      message:
        "stopped until 2026-11-23T12:10:10Z by alice, whatever Git says: a talk; sooner ended with: ds01 start train",
      override: { desiredState: "Stopped", by: "alice", until: "2026-11-23T12:10:10Z", reason: "a talk" },
    });
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "Overridden", status: "True", reason: "StopOverride" }),
    );
    expect(spec?.desiredState).not.toBe("Stopped");
  });

  test("gives the GPU to others once the hold is over, and is started again when it has ended", () => {
    const held = play(stopped(running()), 30);
    expect(viewOf(held).claims.get(uid)?.deviceUuids).toHaveLength(1);
    const other = declare(held, declared("bob", "waits", held.now));
    expect(runs(play(other, 20))).toEqual(["alice/beside"]);
    const given = play(other, 90);
    expect(runs(given)).toEqual(["alice/beside", "bob/waits"]);
    expect(recordOf(given, uid).status).toMatchObject({ phase: "Released", reason: "StopOverride" });

    const told: Told[] = [];
    const over = play(held, 620, told, 10);
    expect(runs(over)).toEqual(["alice/beside", "alice/train"]);
    expect(told).toMatchObject([
      { uid, step: "start", cause: "its override is over: what Git says holds again" },
    ]);
    expect(recordOf(over, uid).status).not.toHaveProperty("override");
    expect(recordOf(over, uid).status.conditions.map(({ type }) => type)).not.toContain("Overridden");
  });

  test("has itself looked at again at its end at the latest", () => {
    const after = play(stopped(running({ lifecycle: { holdGpuAfterStop: "0s" } }), { forMs: 60_000 }), 20);
    const { decision } = runPass(after, uid);
    expect(decision.requeueAt).toBe(after.stopOverrides?.[0] === undefined ? 0 : after.now + 40_000);
  });

  test("does not begin a job anew that is done, and one that it cut off goes on", () => {
    const job = play(stopped(running({ restartPolicy: "Never" })), 30);
    expect(runs(job)).toEqual(["alice/beside"]);
    expect(runs(play(job, 620, [], 10))).toEqual(["alice/beside", "alice/train"]);

    const started = running({ restartPolicy: "Never" });
    const ended = started.containers.map((one) =>
      one.labels["ds01.name"] === "train"
        ? { ...one, state: "exited" as const, exitCode: 0, finishedAt: started.now }
        : one,
    );
    const done = play({ ...started, containers: ended }, 5);
    expect(recordOf(done, uid).status.phase).toBe("Completed");
    const told: Told[] = [];
    const after = play(stopped(done, { forMs: 60_000 }), 120, told);
    expect(recordOf(after, uid).status).toMatchObject({ phase: "Completed", reason: "Completed" });
    expect(told.filter(({ step }) => step === "start" || step === "create")).toEqual([]);
  });

  test("starts nothing while specs have not been read, and stops nothing before either", () => {
    const before = stopped({ ...running(), sourceSynced: false });
    expect(runPass(before, uid).decision.steps).toEqual([]);
    const told: Told[] = [];
    play({ ...play(stopped(running()), 20), sourceSynced: false }, 30, told);
    expect(told).toEqual([]);
  });
});

describe("whether an override holds", () => {
  const one = override(running());

  test("is up to its time, and no longer once the clock was set back before its begin", () => {
    expect(holdsAt(one, one.at)).toBe(true);
    expect(holdsAt(one, one.at + one.forMs - 1)).toBe(true);
    expect(holdsAt(one, one.at + one.forMs)).toBe(false);
    expect(holdsAt(one, one.at - 3_600_000)).toBe(false);
    // Clocks that are a little apart are no clock that was set back.
    expect(holdsAt(one, one.at - 500)).toBe(true);
  });

  test("is for its object and for the containers of a sweep, not for another of the same name", () => {
    const found = (record: ContainerRecord, sweeps: Readonly<Record<string, string>> = {}) =>
      overrideFor([one], record, { now: one.at, uidOf: (key) => sweeps[key] });
    const train = declared("alice", "train", startOfTest);
    expect(found(train)).toBe(one);
    expect(found({ ...train, uid: "another" })).toBeNull();
    const source = { ...train.source, element: { of: "train", index: 0, replicas: 2 } };
    const element = { ...train, uid: "uid-alice-train-0", name: "train-0", source };
    expect(found(element, { "alice/train": uid })).toBe(one);
    expect(found({ ...element, namespace: "bob" }, { "alice/train": uid })).toBeNull();
    expect(found(element, { "alice/train": "another" }), "a sweep that was declared anew").toBeNull();
    expect(found(element), "a sweep that is gone").toBeNull();
    // Its own uid says nothing: what is one of a sweep is overridden with it.
    expect(found({ ...element, uid })).toBeNull();
  });
});
