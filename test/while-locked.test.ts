import { expect, test } from "vitest";
import { whileLocked } from "../src/controller/while-locked.ts";
import type { ManagerPorts } from "../src/controller/manager-ports.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { desiredContainer } from "./support/desired-container.ts";
import { FakeRuntime } from "./support/fake-runtime.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { MemoryFiles } from "./support/memory-files.ts";

const lock = { isHeld: true, held: () => lock.isHeld };

test("a lock that is lost in the midst of a step keeps it from taking effect", async () => {
  const bed = new ControllerBed();
  bed.declare("alice", "train", ["volumes: [{ name: data, mountPath: /data, hostPath: { path: /data } }]"]);
  bed.source.write(
    "quotas/all.yaml",
    "apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\nmetadata: { name: all }\nspec:\n  subjects: { default: true }\n  policy: { hostPaths: [{ path: /data }] }\n",
  );
  // What is looked at right before a container is made, once its step has begun.
  bed.beforePathLook = () => {
    if (bed.events.some(({ reason }) => reason === "Creating")) bed.lockHeld = false;
  };
  bed.start();
  await bed.until("the loss of the lock", () => !bed.lockHeld, 60_000);
  await bed.pass(30_000);
  expect(bed.runtime.containers).toEqual([]);
  await bed.stop();
});

test("without the lock calls that look go on, and those that change something are refused", async () => {
  const engine = new FakeRuntime({ clock: new ManualClock() });
  const { runtime, containerFiles, provider } = whileLocked({
    runtime: engine,
    containerFiles: new MemoryFiles(),
    ownerFiles: {},
    provider: { vendor: "test", cutter: { create: async () => 1, destroy: async () => undefined } },
    lock,
  } as unknown as ManagerPorts);
  const id = await runtime.create(desiredContainer("one"));
  expect(await provider.cutter?.create("GPU-0", {} as never, 0)).toBe(1);
  lock.isHeld = false;
  const lost = { reason: "LockLost" };
  await expect(runtime.start(id)).rejects.toMatchObject(lost);
  await expect(runtime.remove(id)).rejects.toMatchObject(lost);
  await expect(containerFiles.write(id, [])).rejects.toMatchObject(lost);
  await expect(provider.cutter?.destroy("GPU-0", 1)).rejects.toMatchObject(lost);
  expect((await runtime.inspect(id))?.state).toBe("created");
  expect(await runtime.list()).toHaveLength(1);
});
