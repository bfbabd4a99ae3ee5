import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateGpuState } from "../bed/nvidia/state.ts";
import type { SmiFault } from "../bed/nvidia/state.ts";
import { recordFault } from "../support/record-fault.ts";
import { doctorSays } from "./doctor-says.ts";
import { guardBystanders, guardDevices } from "./guards.ts";
import { dockerName, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { runOf, runsOf } from "./runs.ts";
import { containerSpec, gpuSpec } from "./spec-text.ts";

/** Less than nvidia-smi is given to answer: who waited for it would take longer. */
const smiDeadlineMs = 9_500;

describe("nvidia-smi that cannot be relied on", () => {
  const train = "alice/train";
  const kept = "carol/kept";
  const next = "bob/next";
  const waits = ({ status }: ContainerObject): boolean => status.reason === "GpuStackNotReady";
  let host: Host;

  beforeAll(async () => {
    const files = { "users/alice/train.yaml": gpuSpec("train"), "users/carol/kept.yaml": gpuSpec("kept") };
    host = await startHost({ name: "smi-faults", nvidia: "3xA100-80GB", files });
    for (const key of [train, kept]) await host.waitForReady(key);
  });

  guardBystanders(() => host);
  guardDevices(() => host);

  afterAll(async () => {
    await host.stop();
  });

  /** Breaks nvidia-smi, or mends it. */
  function breakSmi(fault: SmiFault | undefined): void {
    updateGpuState(host.engine.gpuState, (state) => {
      if (fault === undefined) delete state.fault;
      else state.fault = fault;
    });
  }

  it("must give out no GPU while it hangs, touch nothing that runs, say so, and go on by itself", async () => {
    const before = await runOf(host, train);
    const beside = await runOf(host, kept);
    breakSmi({ mode: "hang" });
    await doctorSays(host, /GpuStackReady.*nvidia-smi/s);
    host.proxy.clear();
    host.drop("users/bob/next.yaml", gpuSpec("next"));
    await host.waitForObject(next, "waiting for the stack", waits);
    // Whoever needs no GPU is not held up.
    host.drop("users/bob/plain.yaml", containerSpec("plain"));
    await host.waitForReady("bob/plain", smiDeadlineMs);
    expect(host.proxy.mutations().map((one) => one.split("/").at(-1))).toEqual(["create", "start"]);

    // A container that is killed comes back on the GPU it holds.
    await host.engine.docker.getContainer(dockerName(train)).kill();
    await host.waitForObject(train, "up again", ({ status }) => status.restarts === 1);
    await host.waitForPhase(train, "Running");
    const after = await runOf(host, train);
    expect([after.id, after.devices]).toEqual([before.id, before.devices]);

    // And nobody who holds one is replaced.
    host.drop("users/alice/train.yaml", gpuSpec("train", { image: "bed/pause:1" }));
    await host.waitForObject(train, "frozen", waits);
    expect(await runOf(host, train)).toEqual(after);
    expect(await runOf(host, kept)).toEqual(beside);

    breakSmi(undefined);
    const given = await host.waitForReady(next);
    const replaced = await host.waitForObject(
      train,
      "replaced",
      ({ status }) => status.phase === "Running" && status.container?.image === "bed/pause:1",
    );
    expect(replaced.status.gpus.map(({ uuid }) => uuid)).toEqual([before.devices]);
    expect(given.status.gpus.map(({ uuid }) => uuid)).not.toEqual([before.devices]);
    await doctorSays(host, /GpuStackReady +3 devices/);
    expect(await runOf(host, kept)).toEqual(beside);
    recordFault(
      "smi-hangs",
      `a container without GPUs started, one that was killed came back on its GPU, one that asked for a GPU waited (GpuStackNotReady), 1 other kept its id, start time and GPU; all went on when it answered`,
    );
    await host.remove(next, "bob/plain");
  });

  it.each([
    ["prints what cannot be read", "smi-garbage", { mode: "garbage" }],
    ["ends in the middle of what it prints", "smi-truncated", { mode: "truncate" }],
  ] as const)(
    "must give out no GPU while it %s, touch nothing, and go on by itself",
    async (_, id, fault) => {
      const before = await runsOf(host, [train, kept]);
      host.proxy.clear();
      breakSmi(fault);
      await doctorSays(host, /FAIL +GpuStackReady/);
      host.drop("users/bob/next.yaml", gpuSpec("next"));
      const waiting = await host.waitForObject(next, "waiting for the stack", waits);
      await host.client.resync();
      const changes = host.proxy.mutations();
      expect(changes).toEqual([]);
      breakSmi(undefined);
      await host.waitForReady(next);
      expect(await runsOf(host, [train, kept])).toEqual(before);
      recordFault(
        id,
        `one that asked for a GPU waited (${waiting.status.reason}), ${changes.length} requests changed anything; it got one afterwards; ${before.length} others kept their ids, start times and GPUs`,
      );
      await host.remove(next);
    },
  );

  it("must give out GPUs all the same while it is slow", async () => {
    const before = await runsOf(host, [train, kept]);
    const delayMs = 3000;
    host.proxy.clear();
    breakSmi({ mode: "slow", delayMs });
    host.drop("users/bob/next.yaml", gpuSpec("next"));
    const { status } = await host.waitForReady(next);
    const given = status.gpus.map(({ uuid }) => uuid);
    expect(given).toHaveLength(1);
    expect(before.map(({ devices }) => devices)).not.toContain(given[0]);
    expect(await runsOf(host, [train, kept])).toEqual(before);
    const changes = host.proxy.mutations().map((one) => one.split("/").at(-1));
    expect(changes).toEqual(["create", "start"]);
    breakSmi(undefined);
    await doctorSays(host, /GpuStackReady +3 devices/);
    recordFault(
      "smi-slow",
      `one that asked for a GPU got ${given.length} while it lasted, with ${changes.length} requests; ${before.length} others kept their ids, start times and GPUs`,
    );
    await host.remove(next);
  });
});
