import { describe, expect, it, onTestFinished, test } from "vitest";
import { overridesTold } from "../src/core/stop-override.ts";
import { startApiBed } from "./support/api-bed.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { MemorySource } from "./support/memory-source.ts";
import { MemoryStore } from "./support/memory-store.ts";
import { record } from "./support/world-builder.ts";

const text = (name: string, fields = "", annotations = ""): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: { name: ${name}, namespace: alice, annotations: { ${annotations} } }\nspec: { image: "bed/base:1"${fields} }\n`;
const hourMs = 3_600_000;
const asked = { namespace: "alice", name: "train", forMs: 2 * hourMs, reason: "a talk", by: "alice" };

const path = "users/alice/train.yaml";
const finishes = "ds01.io/deletion-policy: finish";
const newLab = (): MemorySource => new MemorySource("lab", { type: "git", url: "/srv/lab.git" });

/** `before`: the machine of an earlier controller. Declared are alice/train in Git and alice/here in a directory. */
function newBed(before?: ControllerBed, fields = "", lab = newLab(), annotations = ""): ControllerBed {
  lab.write(path, text("train", fields, annotations));
  const here = new MemorySource("here");
  here.write("users/alice/here.yaml", text("here"));
  const bed = new ControllerBed({ sources: [lab, here] }, before?.store ?? new MemoryStore(), before);
  onTestFinished(() => bed.stop());
  return bed;
}

async function runningBed(fields = "", lab = newLab(), annotations = ""): Promise<ControllerBed> {
  const bed = newBed(undefined, fields, lab, annotations);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") !== "none" && bed.manager.settled());
  return bed;
}

const isStopped = (bed: ControllerBed): boolean => bed.phase("alice/train") === "Stopped";
const isRunning = (bed: ControllerBed): boolean => bed.phase("alice/train") === "Running";
const reasonsOf = (bed: ControllerBed): readonly string[] =>
  bed.events.map(({ reason }) => reason).filter((reason) => reason.startsWith("StopOverride"));

describe("a stop that overrides Git", () => {
  test("holds at once and for the next controller, is told of, and ends by itself", async () => {
    const first = await runningBed();
    const until = await first.manager.controlPlane().overrideStop(asked);
    expect(until).toBe(first.clock.now() + asked.forMs);
    await first.until("it to stop", () => isStopped(first));
    expect(first.phase("alice/here")).toBe("Running");
    const iso = `${new Date(until).toISOString().slice(0, 19)}Z`;
    expect(first.record("alice/train")?.status).toMatchObject({
      reason: "StopOverride",
      message: `stopped until ${iso} by alice, whatever Git says: a talk; sooner ended with: ds01 start train`,
      override: { by: "alice", until: iso, reason: "a talk" },
    });
    expect(first.record("alice/train")?.spec?.desiredState).toBe("Running");
    const control = first.manager.controlPlane();
    expect(control.describe("alice", "train")?.why.join()).toContain("whatever Git says: a talk");
    const preview = await control.preview(text("train"), "users/alice/train.yaml");
    expect(preview).toMatchObject({
      changes: [],
      plan: [],
      override: expect.stringContaining(iso) as string,
    });
    const edited = await control.preview(text("train", ", stopGracePeriod: 5s"), "users/alice/train.yaml");
    expect(edited.override).toBe(preview.override);
    expect(await control.preview(text("here"), "users/alice/here.yaml")).not.toHaveProperty("override");
    await first.stop();

    const next = newBed(first);
    next.start();
    await next.until("all to be known", () => next.manager.ready() && next.manager.settled());
    await next.pass(hourMs / 60);
    expect(isStopped(next)).toBe(true);
    expect(next.runtime.count("start")).toBe(2);
    next.clock.advance(2 * hourMs);
    await next.until("it to run", () => isRunning(next));
    expect(next.record("alice/train")?.status).not.toHaveProperty("override");
    expect(reasonsOf(first)[0]).toBe("StopOverride");
    expect(reasonsOf(next)).toEqual(["StopOverrideOver"]);
    expect(next.stopOverrides.value).toMatchObject({ overrides: [] });
  });

  test("is ended before its time once, and then Git holds again", async () => {
    const bed = await runningBed();
    const control = bed.manager.controlPlane();
    await control.overrideStop(asked);
    await bed.until("it to stop", () => isStopped(bed));
    await control.endOverride("alice", "train", "alice");
    await bed.until("it to run", () => isRunning(bed));
    await expect(control.endOverride("alice", "train", "alice")).rejects.toMatchObject({
      reason: "NotOverridden",
    });
    await expect(control.endOverride("alice", "nothing", "alice")).rejects.toMatchObject({
      reason: "NotFound",
    });
  });

  test("that has ended while no controller ran is over at once", async () => {
    const first = await runningBed();
    await first.manager.controlPlane().overrideStop({ ...asked, forMs: 60_000 });
    await first.until("it to stop", () => isStopped(first));
    await first.stop();
    const written = first.stopOverrides.value;
    first.clock.advance(hourMs);
    first.stopOverrides.value = written;
    const next = newBed(first);
    next.start();
    await next.until("it to run", () => isRunning(next));
    await next.until("that to be told", () => reasonsOf(next).includes("StopOverrideOver"));
  });

  test.each([3 * hourMs, -3 * hourMs])("holds for its time when the clock is set by %d ms", async (byMs) => {
    const first = await runningBed();
    const until = await first.manager.controlPlane().overrideStop({ ...asked, forMs: 600_000 });
    await first.until("it to stop", () => isStopped(first));
    first.clock.jumpTo(first.clock.now() + byMs);
    await first.pass(240_000);
    expect(isStopped(first)).toBe(true);
    // The alarms of a manual clock that is set back ring no sooner than it is where it was: nobody looks until then.
    const shown = byMs > 0 ? until + byMs : until;
    expect(first.record("alice/train")?.status.override?.until).toBe(
      `${new Date(shown).toISOString().slice(0, 19)}Z`,
    );
    await first.stop();
    // Also for a controller that knows it from its file, when the clock is put right.
    const next = newBed(first);
    next.clock.jumpTo(next.clock.now() - byMs);
    next.start();
    await next.until("all to be known", () => next.manager.ready() && next.manager.settled());
    await next.pass(240_000);
    expect(isStopped(next)).toBe(true);
    await next.pass(120_000);
    await next.until("it to run", () => isRunning(next));
  });

  test("is over, not prolonged, when the clock was set back before its begin", async () => {
    const first = await runningBed();
    await first.manager.controlPlane().overrideStop(asked);
    await first.until("it to stop", () => isStopped(first));
    await first.stop();
    const { overrides } = first.stopOverrides.value as { overrides: { at: number }[] };
    first.stopOverrides.value = {
      version: 1,
      overrides: overrides.map((one) => ({ ...one, at: one.at + 30 * 24 * hourMs })),
    };
    const next = newBed(first);
    next.start();
    await next.until("it to run", () => isRunning(next));
  });

  test("reaches all containers of a sweep, and is said of the sweep alone", async () => {
    const bed = await runningBed(", replicas: 2");
    const control = bed.manager.controlPlane();
    const elements = ["alice/train-0", "alice/train-1"];
    await bed.until("them to run", () => elements.every((key) => bed.phase(key) === "Running"));
    await expect(control.overrideStop({ ...asked, name: "train-0" })).rejects.toMatchObject({
      reason: "OneOfASweep",
    });
    await control.overrideStop(asked);
    await bed.until("them to stop", () => elements.every((key) => bed.phase(key) === "Stopped"));
    await bed.until("the sweep to say so", () => bed.record("alice/train")?.status.reason === "StopOverride");
    expect(bed.record("alice/train-1")?.status.override?.by).toBe("alice");
    await expect(control.endOverride("alice", "train-0", "alice")).rejects.toMatchObject({
      reason: "OneOfASweep",
    });
    await control.endOverride("alice", "train", "alice");
    await bed.until("them to run", () => elements.every((key) => bed.phase(key) === "Running"));
  });

  test.each([
    ["a sweep", ", replicas: 2"],
    ["a container", ""],
  ])("of %s that is gone says nothing of a sweep that is declared anew", async (_what, fields) => {
    const lab = newLab();
    const bed = await runningBed(fields, lab);
    const control = bed.manager.controlPlane();
    await control.overrideStop(asked);
    await bed.until("it to stop", () => bed.record("alice/train")?.status.reason === "StopOverride");
    const before = bed.record("alice/train")?.uid;
    lab.write("users/alice/other.yaml", text("other"));
    lab.remove(path);
    const elements = ["alice/train-0", "alice/train-1"];
    const isGone = (): boolean => ["alice/train", ...elements].every((key) => bed.record(key) === undefined);
    await bed.until("it to go", isGone, 30_000);
    lab.write(path, text("train", ", replicas: 2"));
    await bed.until("them to run", () => elements.every((key) => bed.phase(key) === "Running"));
    expect(bed.record("alice/train")?.uid).not.toBe(before);
    await bed.until("it to be dropped", () => bed.logged("StopOverrideOver").length > 0, 60_000);
    expect(bed.stopOverrides.value).toMatchObject({ overrides: [] });
    expect(reasonsOf(bed), "the new one has never been overridden").toEqual(["StopOverride"]);
  });

  test.each([
    ["a job", "", "alice/train"],
    ["a sweep", ", replicas: 2", "alice/train-1"],
  ])("is refused for %s that only finishes, for it would be removed", async (_what, fields, running) => {
    const lab = newLab();
    const bed = await runningBed(`, restartPolicy: Never${fields}`, lab, finishes);
    await bed.until("it to run", () => bed.phase(running) === "Running");
    const id = bed.record(running)?.status.container?.id;
    lab.write("users/alice/other.yaml", text("other"));
    lab.remove(path);
    const isMissed = (key: string): boolean => bed.record(key)?.pruneBlocked?.reason === "FinishesFirst";
    await bed.until("the file to be missed", () => isMissed("alice/train") && isMissed(running), 30_000);
    await expect(bed.manager.controlPlane().overrideStop(asked)).rejects.toMatchObject({
      reason: "ToBeRemoved",
      message: expect.stringContaining("ds01 delete train") as string,
    });
    await bed.pass(20_000);
    expect(bed.record(running)?.status).toMatchObject({ phase: "Running", container: { id } });
    expect(bed.stopOverrides.value).toBeNull();
  });

  test("is what one run is judged by, for what it stops and for what was done already", async () => {
    const bed = await runningBed(", restartPolicy: Never");
    const control = bed.manager.controlPlane();
    const asDeclared = (): boolean => bed.manager.settled() && bed.manager.asDeclared();
    await bed.until("all to be as declared", asDeclared);
    await control.overrideStop(asked);
    expect(bed.manager.asDeclared(), "not stopped yet").toBe(false);
    await bed.until("it to be stopped", () => isStopped(bed) && asDeclared());
    await control.endOverride("alice", "train", "alice");
    expect(bed.manager.asDeclared(), "not started yet").toBe(false);
    await bed.until("it to run", () => isRunning(bed) && asDeclared());

    // Runs that end in the same millisecond are taken for one.
    await bed.pass(1000);
    bed.runtime.kill(bed.record("alice/train")?.status.container?.id ?? "", 0);
    await bed.until("its end", () => bed.phase("alice/train") === "Completed" && asDeclared());
    await control.overrideStop(asked);
    const says = (): boolean => bed.record("alice/train")?.status.override !== undefined;
    await bed.until("it to say so", says);
    expect(bed.phase("alice/train")).toBe("Completed");
    expect(asDeclared()).toBe(true);
  });

  test("is refused for what is being removed", async () => {
    const bed = await runningBed();
    await bed.stop();
    const found = bed.record("alice/train");
    expect(found).toBeDefined();
    if (found !== undefined)
      bed.store.putSoon({ ...found, deletion: { requestedAt: bed.clock.now(), cause: "its file is gone" } });
    await expect(bed.manager.controlPlane().overrideStop(asked)).rejects.toMatchObject({
      reason: "ToBeRemoved",
      message: "alice/train is being removed: its file is gone",
    });
  });

  test("is for what comes from Git, and for a time within bounds", async () => {
    const control = (await runningBed()).manager.controlPlane();
    await expect(control.overrideStop({ ...asked, name: "here" })).rejects.toMatchObject({
      reason: "OverrideNotNeeded",
      message: expect.stringContaining("ds01 stop here") as string,
    });
    for (const forMs of [0, 59_999, 24 * hourMs + 1]) {
      await expect(control.overrideStop({ ...asked, forMs }), String(forMs)).rejects.toMatchObject({
        reason: "OverrideTimeOutOfBounds",
      });
    }
    await expect(control.overrideStop({ ...asked, name: "nothing" })).rejects.toMatchObject({
      reason: "NotFound",
    });
  });

  test("does not hold when it cannot be written down, and is not ended unless that is", async () => {
    const bed = await runningBed();
    const control = bed.manager.controlPlane();
    const write = bed.stopOverrides.write.bind(bed.stopOverrides);
    const full = async (): Promise<void> => Promise.reject(new Error("ENOSPC"));
    bed.stopOverrides.write = full;
    await expect(control.overrideStop(asked)).rejects.toThrow("ENOSPC");
    await bed.pass(1000);
    expect(isRunning(bed)).toBe(true);
    bed.stopOverrides.write = write;
    await control.overrideStop(asked);
    await bed.until("it to stop", () => isStopped(bed));
    bed.stopOverrides.write = full;
    await expect(control.endOverride("alice", "train", "alice")).rejects.toThrow("ENOSPC");
    await bed.pass(1000);
    expect(isStopped(bed)).toBe(true);
  });

  test.each([{ version: 1, overrides: [{ uid: 5 }] }, undefined])(
    "goes on for as long as was said where what was written down is damaged (%j), and the log says so",
    async (damaged) => {
      const first = await runningBed();
      const until = await first.manager.controlPlane().overrideStop(asked);
      await first.until("it to stop", () => isStopped(first));
      await first.stop();
      first.stopOverrides.value = damaged;

      const next = newBed(first);
      expect(next.logged("StopOverridesUnreadable")).toHaveLength(1);
      next.start();
      await next.until("all to be known", () => next.manager.ready() && next.manager.settled());
      await next.pass(hourMs / 60);
      expect(isStopped(next)).toBe(true);
      expect(next.record("alice/train")?.status.override).toMatchObject({ by: "alice", reason: "a talk" });
      expect(next.phase("alice/here")).toBe("Running");
      next.clock.advance(until - next.clock.now() - 10_000);
      await next.pass(5000);
      expect(isStopped(next)).toBe(true);
      await next.until("it to run", () => isRunning(next));
    },
  );

  test("of a sweep is known again from any of its containers", () => {
    const source = { source: "lab", path, element: { of: "sweep", index: 0 } };
    const override = {
      desiredState: "Stopped",
      by: "alice",
      since: "2026-01-01T10:00:00Z",
      until: "2026-01-01T11:00:00Z",
    };
    const made = record({});
    const one = {
      ...made,
      name: "sweep-0",
      source: { ...made.source, ...source },
      status: { ...made.status, override },
    };
    const uidOf = (key: string): string | undefined => (key === "alice/sweep" ? "of-the-sweep" : undefined);
    const records = [one, { ...one, name: "sweep-1" }, made] as const;
    expect(overridesTold(records as never, uidOf)).toEqual([
      {
        uid: "of-the-sweep",
        namespace: "alice",
        name: "sweep",
        by: "alice",
        at: Date.parse("2026-01-01T10:00:00Z"),
        forMs: hourMs,
        reason: null,
      },
    ]);
    expect(overridesTold(records as never, () => undefined)).toEqual([]);
  });
});

describe("the API of overrides", () => {
  const path = "/apis/ds01.io/v1alpha1/namespaces/alice/containers/train/override";
  const body = JSON.stringify({ for: "2h", reason: "a talk" });

  it("is for who may stop the container: its owner and admins", async () => {
    const bed = await startApiBed();
    await bed.control.store.put(record({ resourceVersion: 0 }));
    bed.actAs("bob");
    for (const method of ["POST", "DELETE"]) {
      const { code, text: said } = await bed.call(method, path, method === "POST" ? { body } : {});
      expect(code, method).toBe(403);
      expect(said).toContain('yours is \\"bob\\"');
    }
    expect(bed.control.overrides.size).toBe(0);
    for (const user of ["alice", "root"]) {
      bed.actAs(user);
      const { code, text: said } = await bed.call("POST", path, { body });
      expect(code, said).toBe(200);
      expect(JSON.parse(said)).toEqual({ until: expect.stringMatching(/Z$/) as string });
      expect(bed.control.overrides.get("alice/train")).toEqual({
        forMs: 2 * hourMs,
        reason: "a talk",
        by: user,
      });
      expect((await bed.call("DELETE", path)).code).toBe(200);
      expect((await bed.call("DELETE", path)).code).toBe(404);
    }
  });

  it.each(["{", "{}", '{"for": "2h"}', '{"for": "soon", "reason": null}', '{"for": "2h", "reason": " "}'])(
    "refuses %s with what is wanted",
    async (wrong) => {
      const bed = await startApiBed();
      await bed.control.store.put(record({ resourceVersion: 0 }));
      const { code, text: said } = await bed.call("POST", path, { body: wrong });
      expect(code).toBe(400);
      expect(said).toContain("wanted {");
    },
  );
});
