import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../bed/wait-for.ts";
import { holdsFor } from "./holds-for.ts";
import { conditionOf, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const at = (time: string | undefined): number => Date.parse(time ?? "");

// Most of these wait for deadlines, so they wait together; each has its own object.
describe.concurrent("the life of a container", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "lifecycle", nvidia: "4xA100-80GB" });
  });

  afterAll(async () => host.stop());

  const drop = (name: string, spec: object): string => {
    host.drop(`users/alice/${name}.yaml`, containerSpec(name, spec));
    return `alice/${name}`;
  };

  const startedAt = async (key: string): Promise<number> =>
    at((await host.dockerInspect(key)).State.StartedAt);
  const finishedAt = async (key: string): Promise<number> =>
    at((await host.dockerInspect(key)).State.FinishedAt);

  it("must keep the GPU of a stopped container for the hold, then the container, then nothing", async () => {
    const key = drop("held", {
      gpus: { count: 1 },
      lifecycle: { holdGpuAfterStop: "15s", removeAfterStop: "25s" },
    });
    const running = await host.waitForReady(key);
    const slot = running.status.gpus[0]!.slot;
    expect(await host.ds01("stop", "held")).toMatchObject({ code: 0 });
    const held = await host.waitForPhase(key, "Held");
    const ended = await finishedAt(key);
    expect(Math.abs(at(held.status.holdUntil) - ended - 15_000)).toBeLessThan(1500);
    expect(Math.abs(at(held.status.removeAt) - ended - 25_000)).toBeLessThan(1500);
    // The view of the GPUs follows the containers by a moment.
    const shown = await host.waitForGpu(slot, "held", ({ status }) => status.state === "Held");
    expect(shown.status.holder).toEqual({ namespace: "alice", name: "held" });
    expect((await host.ds01("get", "containers")).stdout).toMatch(new RegExp(`^held +Held +${slot} `, "m"));

    // Started again within the hold: the same container on the same GPU.
    expect(await host.ds01("start", "held")).toMatchObject({ code: 0 });
    const again = await host.waitForReady(key);
    expect(again.status).toMatchObject({
      container: { id: running.status.container?.id },
      gpus: running.status.gpus,
    });
    expect(again.status.restarts).toBe(0);

    await host.ds01("stop", "held");
    await host.waitForPhase(key, "Held");
    const secondEnd = await finishedAt(key);
    const released = await host.waitForPhase(key, "Released");
    expect(Date.now()).toBeGreaterThanOrEqual(secondEnd + 15_000);
    expect(released.status.gpus).toEqual([]);
    expect(await host.containersOf(key)).toEqual([running.status.container?.id]);
    await host.waitForPhase(key, "Stopped");
    expect(Date.now()).toBeGreaterThanOrEqual(secondEnd + 25_000);
    expect(await host.containersOf(key)).toEqual([]);
    const reasons = (await host.events(key)).map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(["GpuHeld", "GpuReleased"]));
    await host.ds01("start", "held");
    await host.waitForReady(key);
    await host.remove(key);
  });

  it("must stop a container for good when its maxRuntime is used up", async () => {
    const key = drop("limited", {
      gpus: { count: 1 },
      lifecycle: { maxRuntime: "8s", holdGpuAfterStop: "0s" },
    });
    const running = await host.waitForReady(key);
    expect(at(running.status.expiresAt) - at(running.status.container?.startedAt)).toBe(8000);
    const done = await host.waitForPhase(key, "Completed");
    expect(done.status).toMatchObject({ reason: "MaxRuntimeExceeded", gpus: [], restarts: 0 });
    expect((await finishedAt(key)) - (await startedAt(key))).toBeGreaterThanOrEqual(8000);
    expect((await host.waitForEvent(key, "MaxRuntimeSoon")).message).toContain("its maxRuntime of 8s");
    await host.remove(key);
  });

  it("must call a job Completed or Failed by its exit code, and not run it again", async () => {
    const job = (code: number, restartPolicy: string): object => ({
      image: "bed/crash:1",
      env: [{ name: "CRASH_CODE", value: String(code) }],
      restartPolicy,
    });
    const good = drop("good", job(0, "Never"));
    const fine = drop("fine", job(0, "OnFailure"));
    const bad = drop("bad", job(3, "Never"));
    for (const key of [good, fine]) {
      const { status } = await host.waitForPhase(key, "Completed");
      expect(status).toMatchObject({ reason: "Completed", container: { exitCode: 0 }, restarts: 0 });
    }
    const { status } = await host.waitForPhase(bad, "Failed");
    expect(status).toMatchObject({ reason: "ExitCode", container: { exitCode: 3 }, restarts: 0 });
    expect(status.message).toContain("exited with code 3");
    await host.remove(good, fine, bad);
  });

  it("must run a finished job again when it is declared anew, and only then", async () => {
    const job = { command: ["true"], restartPolicy: "Never", lifecycle: { removeAfterStop: "1s" } };
    const key = drop("rerun", job);
    await host.waitForPhase(key, "Completed");
    await waitFor("its container to be removed", async () => (await host.containersOf(key)).length === 0);
    // The object says Removing until the controller has looked at what the engine removed.
    await host.waitForPhase(key, "Completed");
    await holdsFor(1000, async () => expect((await host.container(key))?.status.phase).toBe("Completed"));
    expect(await host.containersOf(key)).toEqual([]);
    drop("rerun", { ...job, env: [{ name: "TRY", value: "2" }] });
    const second = await host.waitForObject(
      key,
      "completed anew",
      ({ status }) => status.phase === "Completed" && status.observedGeneration === 2,
    );
    expect(second.metadata.generation).toBe(2);
    await host.waitForEvent(key, "Creating");
    await host.remove(key);
  });

  it("must restart a crashing container at once, then after 10 s, and say when", async () => {
    const key = drop("crashing", { image: "bed/crash:1", restartPolicy: "OnFailure", gpus: { count: 1 } });
    const waiting = await host.waitForPhase(key, "Backoff");
    expect(waiting.status).toMatchObject({ reason: "CrashLoopBackOff", restarts: 1 });
    expect(waiting.status.gpus).toHaveLength(1);
    const ended = await finishedAt(key);
    expect(Math.abs(at(waiting.status.nextStartAt) - ended - 10_000)).toBeLessThan(1000);
    expect((await host.ds01("get", "containers")).stdout).toMatch(
      /^crashing +Backoff .*exited with code 1; next start in/m,
    );
    const restartedAt = await waitFor("the second restart", async () => {
      const time = await startedAt(key);
      // The engine notes the start of a process that ends at once only after its end.
      return time > ended + 1000 && time;
    });
    expect(restartedAt).toBeGreaterThanOrEqual(ended + 10_000);
    // Well before the next step of the waiting would end, also on a machine that is slow to start it.
    expect(restartedAt).toBeLessThan(ended + 19_000);
    const next = await host.waitForObject(
      key,
      "waiting for the third",
      ({ status }) => status.phase === "Backoff" && status.restarts === 2,
    );
    expect(next.status.gpus).toEqual(waiting.status.gpus);
    expect(Math.abs(at(next.status.nextStartAt) - (await finishedAt(key)) - 20_000)).toBeLessThan(1000);
    await host.remove(key);
  });

  it("must say that the kernel killed it for lack of memory", async () => {
    const key = drop("hungry", {
      command: ["/bin/hog"],
      resources: { memory: "16Mi" },
      restartPolicy: "Never",
    });
    const { status } = await host.waitForPhase(key, "Failed");
    expect(status).toMatchObject({ reason: "OOMKilled", container: { exitCode: 137 } });
    await host.remove(key);
  });

  it("must kill a process that does not listen when its grace is over, and not before", async () => {
    const key = drop("stubborn", { image: "bed/stubborn:1", stopGracePeriod: "8s" });
    await host.waitForReady(key);
    const askedAt = Date.now();
    await host.ds01("stop", "stubborn");
    await host.waitForPhase(key, "Stopping");
    const stopped = await host.waitForPhase(key, "Stopped");
    expect(stopped.status.container).toMatchObject({ exitCode: 137 });
    expect((await finishedAt(key)) - askedAt).toBeGreaterThanOrEqual(8000);
    await host.remove(key);
  });

  it("must be Ready only while its health check says so", async () => {
    const command = ["/bin/sh", "-c", "rm -f /tmp/healthy; exec /bin/serve"];
    const key = drop("healthy", { image: "bed/health:1", command });
    const ready = async (reason: string): Promise<ContainerObject> =>
      host.waitForObject(key, reason, (object) => conditionOf(object, "Ready")?.reason === reason);
    const starting = await ready("HealthStarting");
    expect(starting.status.phase).toBe("Running");
    expect(conditionOf(starting, "Ready")?.status).toBe("False");
    await ready("Unhealthy");
    await host.dockerExec(key, "touch", "/tmp/healthy");
    await host.waitForReady(key);
    await host.dockerExec(key, "rm", "/tmp/healthy");
    const sick = await ready("Unhealthy");
    expect(sick.status).toMatchObject({ phase: "Running", reason: "Running" });
    await host.remove(key);
  });

  it("must not be created at all while it is declared Stopped", async () => {
    const key = drop("asleep", { desiredState: "Stopped", gpus: { count: 1 } });
    const { status } = await host.waitForPhase(key, "Stopped");
    expect(status.gpus).toEqual([]);
    expect(await host.containersOf(key)).toEqual([]);
    drop("asleep", { desiredState: "Running", gpus: { count: 1 } });
    await host.waitForReady(key);
    await host.remove(key);
  });
});
