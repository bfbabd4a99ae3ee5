import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateGpuState, type SimulatedGpu } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { holdsFor } from "./holds-for.ts";
import { dockerName, startHost, type Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const onGpu = (lifecycle: object): object => ({ gpus: { count: 1 }, lifecycle });

describe("a container in which nothing goes on", () => {
  let host: Host;
  const folder = mkdtempSync(join(tmpdir(), "ds01-idle-"));
  const told = join(folder, "told");

  beforeAll(async () => {
    host = await startHost({
      name: "idle",
      nvidia: "2xA100-80GB A100-80GB:1g.10gb",
      configuration: [
        "trust: path",
        "idle: {startupGrace: 0s, keepAliveMax: 1h}",
        `notifications: {command: [sh, -c, 'cat >>"$1"', tell, ${told}]}`,
        "",
      ].join("\n"),
    });
  });
  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true });
  });

  const drop = (name: string, spec: object): string => {
    host.drop(`users/alice/${name}.yaml`, containerSpec(name, spec));
    return `alice/${name}`;
  };
  const change = (index: number, how: (gpu: SimulatedGpu) => void): void => {
    updateGpuState(host.engine.gpuState, ({ gpus }) => how(gpus[index]!));
  };
  const ranMs = async (key: string): Promise<number> => {
    const { StartedAt, FinishedAt } = (await host.dockerInspect(key)).State;
    return Date.parse(FinishedAt) - Date.parse(StartedAt);
  };
  const reasonsOf = async (key: string): Promise<readonly string[]> =>
    (await host.events(key)).map(({ reason }) => reason);

  it("must be warned, stopped, keep its GPU for the hold, and stay stopped until it is started again", async () => {
    const key = drop("lazy", onGpu({ idleTimeout: "8s", holdGpuAfterStop: "4s" }));
    const running = await host.waitForReady(key);
    const { slot } = running.status.gpus[0]!;
    const warned = await host.waitForEvent(key, "IdleSoon");
    expect(warned.message).toMatch(/^idle for \d+s \(GPU 0 %, CPU .*\): is stopped at /);
    expect((await host.ds01("describe", "container", "lazy")).stdout).toMatch(
      /^Idle: +\d+s of 8s \(users\/alice\/lazy\.yaml:\d+\), warned; is stopped /m,
    );
    const done = await host.waitForPhase(key, "Completed");
    expect(done.status).toMatchObject({ reason: "IdleTimeout", restarts: 0 });
    expect(await ranMs(key)).toBeGreaterThanOrEqual(8000);
    expect((await host.waitForEvent(key, "Stopping")).message).toContain("idleTimeout is 8s (users/alice");
    expect(done.status.gpus.map((gpu) => gpu.slot)).toEqual([slot]);
    await waitFor("the GPU is free", async () => (await host.gpus()).get(slot)?.status.state === "Free");
    await holdsFor(1500, async () => expect((await host.container(key))?.status.phase).toBe("Completed"));

    const again = await host.ds01("start", "lazy");
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("stopped for idleness") as string,
    });
    const second = await host.waitForReady(key);
    expect(second.status).toMatchObject({ restarts: 0, container: { id: running.status.container!.id } });
    await host.remove(key);
  });

  it("must run on while its GPU or its CPU is in use, and while nvidia-smi does not answer", async () => {
    const key = drop("busy", onGpu({ idleTimeout: "10s" }));
    const { slot } = (await host.waitForReady(key)).status.gpus[0]!;
    change(Number(slot), (gpu) => void (gpu.utilizationPercent = 60));
    await holdsFor(13_000, async () => expect((await host.container(key))?.status.phase).toBe("Running"));
    updateGpuState(host.engine.gpuState, (state) => void (state.fault = { mode: "exit", exitCode: 9 }));
    change(Number(slot), (gpu) => void (gpu.utilizationPercent = 0));
    await holdsFor(13_000, async () => expect((await host.container(key))?.status.phase).toBe("Running"));
    expect(await reasonsOf(key)).not.toContain("IdleSoon");
    updateGpuState(host.engine.gpuState, (state) => void delete state.fault);
    await host.waitForEvent(key, "IdleSoon");
    // Somebody comes back in time.
    await host.dockerExec(key, "sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo back");
    expect((await host.waitForEvent(key, "IdleOver")).message).toMatch(/CPU|terminal/);
    expect((await host.container(key))?.status.phase).toBe("Running");
    await host.waitForPhase(key, "Completed");
    await host.remove(key);
  });

  it("must not be stopped sooner because the controller was killed", async () => {
    const key = drop("patient", onGpu({ idleTimeout: "12s" }));
    await host.waitForReady(key);
    await host.waitForObject(key, "idle", ({ status }) => status.idleSince !== undefined);
    await host.restartController();
    const done = await host.waitForPhase(key, "Completed");
    expect(done.status.reason).toBe("IdleTimeout");
    expect(await ranMs(key)).toBeGreaterThanOrEqual(12_000);
    await host.remove(key);
  });

  it("must be left alone while somebody asks for it, by word or by a file", async () => {
    const kept = drop("kept", { lifecycle: { idleTimeout: "9s" } });
    const touched = drop("touched", { workingDir: "/tmp", lifecycle: { idleTimeout: "9s" } });
    await Promise.all([host.waitForReady(kept), host.waitForReady(touched)]);
    await host.dockerExec(touched, "touch", "/tmp/.keep-alive");
    expect(await host.ds01("keepalive", "kept", "--for", "10m")).toMatchObject({ code: 0 });
    expect(await host.ds01("keepalive", "kept", "--for", "2h")).toMatchObject({ code: 3 });
    await holdsFor(12_000, async () => {
      for (const key of [kept, touched]) expect((await host.container(key))?.status.phase).toBe("Running");
    });
    const described = await host.ds01("describe", "container", "kept");
    expect(described.stdout).toMatch(/^Idle: +in use: kept until \S+ by \w+$/m);
    expect((await host.ds01("describe", "container", "touched")).stdout).toContain(
      "in use: .keep-alive, until",
    );
    await host.ds01("keepalive", "kept", "--for", "0s");
    await host.dockerExec(touched, "rm", "/tmp/.keep-alive");
    await Promise.all([host.waitForPhase(kept, "Completed"), host.waitForPhase(touched, "Completed")]);
    await host.remove(kept, touched);
  });

  it("must tell its owner on the terminals in it, and by the command of the admins, and stop all the same", async () => {
    const key = drop("told", { lifecycle: { idleTimeout: "10s" } });
    await host.waitForReady(key);
    const container = host.engine.docker.getContainer(dockerName(key));
    const exec = await container.exec({ Cmd: ["sleep", "100"], AttachStdout: true, Tty: true });
    let terminal = "";
    (await exec.start({ Tty: true })).on("data", (chunk: Buffer) => (terminal += chunk.toString()));
    const line = /ds01: alice\/told idle for \d+s \(CPU .*\): is stopped at /;
    await waitFor("the line on the terminal", () => line.test(terminal));
    await host.waitForPhase(key, "Completed");
    // The command of the admins runs beside it.
    const notices = (): readonly string[] =>
      readFileSync(told, "utf8")
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text) as { user: string; name: string; reason: string })
        .filter(({ name }) => name === "told")
        .map(({ reason }) => reason);
    await expect.poll(notices).toEqual(["IdleSoon", "IdleTimeout"]);
    await host.remove(key);
  });

  it("must make way sooner when somebody waits for its GPU", async () => {
    const other = drop("other", onGpu({}));
    const key = drop("hog", onGpu({ idleTimeout: "30s", holdGpuAfterStop: "0s" }));
    await Promise.all([host.waitForReady(other), host.waitForReady(key)]);
    const next = drop("next", onGpu({}));
    await host.waitForReady(next);
    expect((await host.waitForEvent(key, "Stopping")).message).toContain(
      "idleTimeout is 15s as alice/next waits for its GPU",
    );
    expect(await ranMs(key)).toBeLessThan(27_000);
    await host.remove(other, key, next);
  });

  it("must run on as long as a process computes on its slice, of whose use nobody can tell", async () => {
    const key = drop("slice", {
      gpus: { count: 1, profile: "1g.10gb" },
      lifecycle: { idleTimeout: "6s" },
    });
    await host.waitForReady(key);
    const { pid } = await host.dockerInspect(key).then(({ State }) => ({ pid: State.Pid }));
    change(2, (gpu) => {
      const { gpuInstance, computeInstance } = gpu.migDevices[0]!;
      gpu.processes.push({ pid, name: "python", memoryMiB: 500, type: "C", gpuInstance, computeInstance });
    });
    await holdsFor(9000, async () => expect((await host.container(key))?.status.phase).toBe("Running"));
    expect(await reasonsOf(key)).not.toContain("IdleSoon");
    change(2, (gpu) => void gpu.processes.splice(0));
    await host.waitForPhase(key, "Completed");
    await host.remove(key);
  });
});
