import { describe, expect, onTestFinished, test } from "vitest";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";
import { MemoryStore } from "../support/memory-store.ts";

const minute = 60_000;
const job = ["gpus: { count: 1 }", "restartPolicy: Never", "lifecycle: { holdGpuAfterStop: 0s }"];

function startBed(before?: ControllerBed, store?: MemoryStore): ControllerBed {
  const bed = new ControllerBed({}, store, before);
  onTestFinished(() => bed.stop());
  bed.provider.answer = () => inventory([gpu(0)]);
  return bed;
}

/** alice/train takes the only GPU for so long, and is removed. */
async function hasRun(bed: ControllerBed, minutes: number): Promise<void> {
  bed.declare("alice", "train", job);
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
  await bed.pass(2 * minute);
  bed.clock.advance((minutes - 2) * minute);
  await bed.pass(2 * minute);
  bed.source.remove("users/alice/train.yaml");
  await bed.until("train to go", () => bed.record("alice/train") === undefined, minute);
  await bed.pass(2 * minute);
}

/** alice/train runs again, and bob waits for the GPU; how that is told of him. */
async function toldOfBob(bed: ControllerBed): Promise<string> {
  bed.declare("alice", "train", job);
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
  bed.declare("bob", "next", job);
  await bed.until("bob to wait", () => bed.record("bob/next")?.status.queue !== undefined);
  return bed.record("bob/next")?.status.message ?? "";
}

/** Minutes from the start of alice/train to when bob is told that he starts. */
function expectedMinutes(bed: ControllerBed): number {
  const started = Date.parse(bed.record("alice/train")?.status.container?.startedAt ?? "");
  return (Date.parse(bed.record("bob/next")?.status.queue?.eta ?? "") - started) / minute;
}

describe("a start that no limit tells", () => {
  test("is unknown without earlier runs, and after two of them told by these, also by the next controller", async () => {
    const store = new MemoryStore();
    const bed = startBed(undefined, store);
    bed.start();
    await hasRun(bed, 60);
    expect(await toldOfBob(bed)).toContain("No start time is known");
    bed.source.remove("users/bob/next.yaml");
    await bed.until("bob to go", () => bed.record("bob/next") === undefined, minute);
    await hasRun(bed, 80);

    expect(await toldOfBob(bed)).toMatch(
      /Starts about .*, when alice\/train \(GPU 0\) should end, judging by earlier runs of it; basis: history\./,
    );
    expect(bed.record("bob/next")?.status.queue?.basis).toBe("history");
    expect(expectedMinutes(bed)).toBeGreaterThan(65);
    expect(expectedMinutes(bed)).toBeLessThan(80);
    const before = bed.record("bob/next")?.status.queue?.eta;
    await bed.pass(2 * minute);

    await bed.stop();
    const written = bed.runHistory.value;
    expect(written).toMatchObject({ version: 1, runs: [{ name: "train" }, { name: "train" }], open: [{}] });
    const next = startBed(bed, store);
    next.declare("alice", "train", job);
    next.declare("bob", "next", job);
    next.start();
    await next.until("the queue to be judged", () => next.record("bob/next")?.status.queue !== undefined);
    await next.pass(3 * minute);
    expect(next.record("bob/next")?.status.queue).toMatchObject({ basis: "history", eta: before });
    await next.stop();
    // What ran before and goes on is the same run, and none is counted anew.
    expect(next.runHistory.value).toMatchObject({
      runs: (written as { readonly runs: readonly object[] }).runs,
      open: [{ name: "train", since: expect.any(Number) as number }],
    });
  });
});
