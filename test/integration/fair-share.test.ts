import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { documentFile } from "../../src/adapters/store/document-file.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { gpu, inventory } from "../support/devices.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { silentLog } from "../support/silent-log.ts";

const hour = 60 * 60 * 1000;
const job = ["gpus: { count: 1 }", "restartPolicy: Never", "lifecycle: { holdGpuAfterStop: 0s }"];

/** alice has used the only GPU for a while and has ended; carol has it now. */
async function afterAliceHasRun(): Promise<ControllerBed> {
  const bed = new ControllerBed();
  onTestFinished(() => bed.stop());
  bed.identity.add("carol", 1003);
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.declare("alice", "long", job);
  bed.start();
  await bed.until("alice's to run", () => bed.phase("alice/long") === "Running");
  bed.clock.advance(20 * hour);
  bed.source.remove("users/alice/long.yaml");
  await bed.until("alice's to go", () => bed.record("alice/long") === undefined, 60_000);
  bed.declare("carol", "now", job);
  await bed.until("carol's to run", () => bed.phase("carol/now") === "Running");
  return bed;
}

async function dropBoth(bed: ControllerBed): Promise<void> {
  bed.declare("alice", "next", job);
  await bed.until("alice to wait", () => bed.record("alice/next")?.status.queue !== undefined);
  await bed.pass(1000);
  bed.declare("bob", "next", job);
  await bed.until("bob to be first", () => bed.record("bob/next")?.status.queue?.position === 1);
  await bed.until("alice to be second", () => bed.record("alice/next")?.status.queue?.position === 2);
}

describe("fair share", () => {
  test("who has used the GPUs for long comes after who has not, and is told so", async () => {
    const bed = await afterAliceHasRun();
    await dropBoth(bed);
    expect(bed.record("alice/next")?.status.message).toContain("behind bob/next (less used lately)");
    bed.source.remove("users/carol/now.yaml");
    await bed.until("bob's to run", () => bed.phase("bob/next") === "Running", 60_000);
  });

  test("is remembered by the next controller", async () => {
    const before = await afterAliceHasRun();
    await before.stop();
    expect(before.recentUse.value).toMatchObject({ hours: { alice: expect.closeTo(20, -1) } });
    const bed = new ControllerBed({}, new MemoryStore(), before);
    onTestFinished(() => bed.stop());
    bed.identity.add("carol", 1003);
    bed.provider.answer = () => inventory([gpu(0)]);
    bed.declare("carol", "now", job);
    bed.start();
    await bed.until("carol's to be known", () => bed.phase("carol/now") === "Running");
    await dropBoth(bed);
  });
});

describe("a document of the state directory", () => {
  const log = silentLog();

  function document(mayWrite = true) {
    const directory = mkdtempSync(join(tmpdir(), "ds01-document-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "new/recent-use.json");
    return { path, file: documentFile({ path, log, mayWrite: () => mayWrite }) };
  }

  test("is read back as it was written, and is absent before", async () => {
    const { file } = document();
    expect(file.read()).toBeNull();
    await file.write({ at: 1 });
    await file.write({ at: 2 });
    expect(file.read()).toEqual({ at: 2 });
  });

  test("is told from an absent one when it cannot be read, and the log says so", async () => {
    const { path, file } = document();
    await file.write({});
    writeFileSync(path, "{ half");
    expect(file.read()).toBeUndefined();
    expect(log.lines.at(-1)?.fields).toMatchObject({ reason: "DocumentUnreadable", path });
  });

  test("is left to the controller that has taken over", async () => {
    const { path, file } = document(false);
    await file.write({});
    expect(() => readFileSync(path)).toThrow("ENOENT");
  });
});
