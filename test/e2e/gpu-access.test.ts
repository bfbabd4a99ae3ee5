import { appendFileSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const gpu = { gpus: { count: 1 } };
const policy = (onGpuAccessLost: string): object => ({ ...gpu, lifecycle: { onGpuAccessLost } });

describe("a container whose GPU is taken away by a daemon-reload", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({
      name: "gpu-access",
      nvidia: "4xA100-80GB",
      configuration: "trust: path\ngpuAccess: {probe: 500ms}\n",
    });
  });
  afterAll(async () => host.stop());

  /** Rewrites its device rules as systemd does, which knows nothing of what NVIDIA's hook has added. */
  async function takeGpuAway(key: string): Promise<{ readonly id: string; readonly startedAt: string }> {
    const { Id: id, State } = await host.dockerInspect(key);
    const path = /^\d+:devices:(.+)$/m.exec(readFileSync(`/proc/${State.Pid}/cgroup`, "utf8"))?.[1];
    appendFileSync(`/sys/fs/cgroup/devices${path}/devices.deny`, "c 195:* rwm");
    const opened = await host.dockerExec(key, "sh", "-c", ": </dev/nvidiactl");
    expect(opened.output).toContain("Operation not permitted");
    return { id, startedAt: State.StartedAt };
  }

  it("must be told of with the permanent fix, and never be ended, by default", async () => {
    host.drop("users/alice/told.yaml", containerSpec("told", gpu));
    await host.waitForReady("alice/told");
    await expect
      .poll(async () => (await host.ds01("doctor")).stdout)
      .toMatch(/ok +GpuAccess +1 container reaches its/);
    const { id, startedAt } = await takeGpuAway("alice/told");
    host.proxy.clear();
    const { status } = await host.waitForObject(
      "alice/told",
      "without its GPU",
      ({ status }) => status.reason === "GpuAccessLost",
    );
    expect(status.phase).toBe("Running");
    expect(conditionOf({ status } as never, "GpuAccess")).toMatchObject({
      status: "False",
      reason: "GpuAccessLost",
    });
    const event = await host.waitForEvent("alice/told", "GpuAccessLost");
    expect(event).toMatchObject({
      type: "Warning",
      message: expect.stringContaining("nvidia-ctk cdi generate") as string,
    });
    const doctor = await host.ds01("doctor");
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(
      /FAIL +GpuAccess +alice\/told can no longer open its GPUs.*\n.*native\.cgroupdriver=cgroupfs/,
    );
    expect(host.proxy.mutations()).toEqual([]);
    expect(await host.dockerInspect("alice/told")).toMatchObject({
      Id: id,
      State: { StartedAt: startedAt, Running: true },
    });

    // What the event says helps.
    await host.ds01("stop", "told");
    await host.waitForPhase("alice/told", "Held");
    await host.ds01("start", "told");
    await host.waitForReady("alice/told");
    expect((await host.dockerExec("alice/told", "sh", "-c", ": </dev/nvidiactl")).output).not.toContain(
      "not permitted",
    );
  });

  it("must be started again where the spec says restart, with the same GPU", async () => {
    host.drop(
      "users/bob/again.yaml",
      containerSpec("again", { ...policy("restart"), restartPolicy: "Never" }),
    );
    const before = await host.waitForReady("bob/again");
    const { id, startedAt } = await takeGpuAway("bob/again");
    await host.waitForEvent("bob/again", "GpuAccessLost");
    await host.waitForEvent("bob/again", "Restarted");
    // It is told of before it is done.
    const now = await waitFor("it to be started again", async () => {
      const inspected = await host.dockerInspect("bob/again");
      return inspected.State.Running && inspected.State.StartedAt !== startedAt && inspected;
    });
    expect(now.Id).toBe(id);
    const after = await host.waitForReady("bob/again");
    expect(after.status.gpus).toEqual(before.status.gpus);
    expect((await host.dockerExec("bob/again", "sh", "-c", ": </dev/nvidiactl")).output).not.toContain(
      "not permitted",
    );
  });

  it("must be left alone for ten seconds when it is lost again, say until when, and be started again then", async () => {
    const { id, startedAt } = await takeGpuAway("bob/again");
    const waiting = await host.waitForObject(
      "bob/again",
      "told when it is started again",
      ({ status }) => status.reason === "GpuAccessLost" && status.nextStartAt !== undefined,
    );
    const due = Date.parse(waiting.status.nextStartAt!);
    expect(waiting.status).toMatchObject({
      phase: "Running",
      message: expect.stringMatching(/it is started again at .*that has not helped once in a row/) as string,
    });
    expect((await host.ds01("describe", "container", "again", "-n", "bob")).stdout).toMatch(
      /Next: +it is started again or replaced, to open its GPUs \(/,
    );
    const after = await host.waitForObject(
      "bob/again",
      "started again",
      ({ status }) => status.restarts === 2 && status.phase === "Running",
    );
    const { Id, State } = await host.dockerInspect("bob/again");
    expect(Id).toBe(id);
    expect(Date.parse(State.StartedAt)).toBeGreaterThanOrEqual(due);
    expect(due - Date.parse(startedAt)).toBeGreaterThanOrEqual(10_000);
    expect(after.status.nextStartAt).toBeUndefined();
  });

  it("must be replaced where the spec says recreate, with the same GPU", async () => {
    host.drop("users/bob/anew.yaml", containerSpec("anew", policy("recreate")));
    const before = await host.waitForReady("bob/anew");
    const { id } = await takeGpuAway("bob/anew");
    await host.waitForEvent("bob/anew", "Recreating");
    const after = await host.waitForAnother("bob/anew", id);
    expect(after.status.gpus).toEqual(before.status.gpus);
    expect(await host.containersOf("bob/anew")).toHaveLength(1);
  });
});
