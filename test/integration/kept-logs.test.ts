import { expect, onTestFinished, test } from "vitest";
import { createClient } from "../../src/client/client.ts";
import { freshMemory } from "../../src/core/lifecycle/memory.ts";
import { startApiBed } from "../support/api-bed.ts";
import { containerRecord } from "../support/records.ts";
import { ControllerBed } from "../support/controller-bed.ts";

const job = ["restartPolicy: Never", "lifecycle: { ttlAfterFinished: 2s }"];

function newBed(before?: ControllerBed): ControllerBed {
  const bed = before === undefined ? new ControllerBed() : new ControllerBed({}, before.store, before);
  onTestFinished(() => bed.stop());
  return bed;
}

test("the end of a job's log is written down before its container is removed, and read once", async () => {
  const bed = newBed();
  bed.logs.set("train._.alice", "one\ntwo\n");
  bed.declare("alice", "train", job);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");

  bed.runtime.kill("train._.alice", 3);
  await bed.until("it to fail", () => bed.phase("alice/train") === "Failed");
  await bed.until("its container to go", () => bed.runtime.containers.length === 0);
  await bed.pass(1000);

  const { memory, status } = bed.record("alice/train")!;
  expect(memory.keptLog?.text).toBe("one\ntwo\n");
  expect(status).toMatchObject({ phase: "Failed", lastRun: { exitCode: 3 } });
  expect(JSON.stringify(status)).not.toContain("two");
  expect(bed.manager.controlPlane().keptLog("alice", "train")?.text).toBe("one\ntwo\n");
});

test("a log that cannot be read holds up nothing", async () => {
  const bed = newBed();
  bed.logReader = async () => {
    throw new Error("configured logging driver does not support reading");
  };
  bed.declare("alice", "train", job);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  bed.runtime.kill("train._.alice", 0);

  await bed.until("its container to go", () => bed.runtime.containers.length === 0, 8000);

  expect(bed.record("alice/train")?.status).toMatchObject({ phase: "Completed", lastRun: { exitCode: 0 } });
});

test("a controller that starts anew reads no log again and changes nothing", async () => {
  const bed = newBed();
  bed.logs.set("train._.alice", "done\n");
  bed.declare("alice", "train", ["restartPolicy: Never"]);
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  bed.runtime.kill("train._.alice", 0);
  await bed.until("it to be done", () => bed.record("alice/train")?.memory.keptLog !== undefined);
  await bed.stop();
  bed.runtime.clearCalls();

  const next = newBed(bed);
  next.logReader = async () => {
    throw new Error("nobody is to read it");
  };
  next.declare("alice", "train", ["restartPolicy: Never"]);
  next.start();
  await next.until("it to be looked at", () => next.manager.ready());
  await next.pass(2000);

  expect(next.runtime.mutations).toEqual([]);
  expect(next.record("alice/train")?.memory.keptLog?.text).toBe("done\n");
});

test("the owner gets the kept lines and is told so, others neither here nor in a description", async () => {
  const bed = await startApiBed();
  const finishedAt = Date.UTC(2026, 10, 1);
  const keptLog = { containerId: "c1", finishedAt, text: "one\ntwo\nthree\n" };
  await bed.control.store.put(containerRecord("alice", "train", { memory: { ...freshMemory(0), keptLog } }));
  const client = createClient(bed.socketPath);
  bed.actAs("alice");

  const { stream, keptFrom } = await client.logs({ namespace: "alice", name: "train" }, { tail: 2 });
  let text = "";
  for await (const piece of stream) text += String(piece);
  expect({ text, keptFrom }).toEqual({ text: "two\nthree\n", keptFrom: "2026-11-01T00:00:00Z" });

  bed.actAs("bob");
  await expect(client.logs({ namespace: "alice", name: "train" }, {})).rejects.toMatchObject({
    reason: "Forbidden",
  });
});
