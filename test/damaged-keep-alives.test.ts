import { expect, onTestFinished, test } from "vitest";
import { defaultIdle, type IdleSettings } from "../src/core/idle/idle-settings.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { inventory } from "./support/devices.ts";
import { device } from "./support/world-builder.ts";

const idle: IdleSettings = { ...defaultIdle, startupGraceMs: 0, keepAliveMaxMs: 60_000 };
const reason = "KeepAlivesUnreadable";

function newBed(before?: ControllerBed): ControllerBed {
  const bed =
    before === undefined ? new ControllerBed({ idle }) : new ControllerBed({ idle }, before.store, before);
  bed.provider.answer = () => ({
    ...inventory([device(0), device(1)]),
    usage: new Map(
      ["GPU-0", "GPU-1"].map((uuid) => [uuid, { memoryUsedBytes: 0, utilizationPercent: 0, processes: [] }]),
    ),
  });
  onTestFinished(() => bed.stop());
  return bed;
}

function newBedAfter(damaged: unknown): ControllerBed {
  const before = newBed();
  before.keepAlives.value = damaged;
  return newBed(before);
}

/** Two that nobody uses, both running. */
async function startBoth(bed: ControllerBed): Promise<void> {
  for (const name of ["train", "other"])
    bed.declare("alice", name, ["gpus: { count: 1 }", "lifecycle: { idleTimeout: 20s }"]);
  bed.start();
  await bed.until("both to run", () =>
    ["alice/train", "alice/other"].every((key) => bed.phase(key) === "Running"),
  );
}

const isOver = (bed: ControllerBed, key: string) => (): boolean =>
  bed.record(key)?.status.reason === "IdleTimeout";
const check = (bed: ControllerBed) =>
  bed.manager
    .controlPlane()
    .health()
    .find(({ name }) => name === "KeepAlivesReadable");

test.each([{ version: 1, kept: { some: "thing" } }, undefined])(
  "nothing is stopped for idleness while %j does not tell who asked for what, but not for ever",
  async (damaged) => {
    const bed = newBedAfter(damaged);
    const from = bed.clock.now();
    await startBoth(bed);
    expect(bed.logged(reason)).toHaveLength(1);
    expect(check(bed)).toMatchObject({ ok: false, optional: true });
    await bed.pass(50_000);
    expect(bed.phase("alice/train")).toBe("Running");
    expect(bed.keepAlives.value).toBe(damaged);
    expect(bed.manager.controlPlane().describe("alice", "train")?.idle).toMatch(
      /^in use: kept until .*Z, as it cannot be read who asked for what$/,
    );
    await bed.until("its end", isOver(bed, "alice/train"), 60_000);
    expect(bed.clock.now() - from).toBeGreaterThanOrEqual(80_000);
    expect(check(bed)).toBeUndefined();
  },
);

test("who asks anew is heard, and what others may have asked for holds over a restart", async () => {
  const bed = newBedAfter(undefined);
  await startBoth(bed);
  const control = bed.manager.controlPlane();
  const other = { namespace: "alice", name: "other", by: "alice" };
  await control.keepAlive({ ...other, forMs: 60_000 });
  await bed.stop();
  const next = newBed(bed);
  await startBoth(next);
  expect(next.logged(reason)).toHaveLength(0);
  expect(check(next)).toBeDefined();
  await next.pass(2000);
  expect(next.manager.controlPlane().describe("alice", "other")?.idle).toMatch(/ by alice$/);
  await next.manager.controlPlane().keepAlive({ ...other, forMs: 0 });
  await next.until("the end of what nobody wants kept", isOver(next, "alice/other"), 40_000);
  expect(next.phase("alice/train")).toBe("Running");
  await next.until("the end of the other", isOver(next, "alice/train"), 80_000);
});
