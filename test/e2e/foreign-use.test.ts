import { spawn } from "node:child_process";
import { once } from "node:events";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readGpuState, updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const allGpus = {
  gpus: { count: 2 },
  stopGracePeriod: "2s",
  lifecycle: { holdGpuAfterStop: "0s" },
};

describe("GPUs that are used without ds01", () => {
  let host: Host;
  const started: Docker.Container[] = [];
  let blocker: Docker.Container | undefined;

  beforeAll(async () => {
    host = await startHost({ name: "foreign", nvidia: "2xA100-80GB" });
  });

  afterEach(async () => {
    for (const container of started.splice(0)) await container.remove({ force: true });
    updateGpuState(host.engine.gpuState, ({ gpus }) => {
      for (const gpu of gpus) {
        gpu.processes.splice(0);
        delete gpu.memoryUsedMiB;
      }
    });
    const keys = ["alice/all", "bob/next"];
    const there = await Promise.all(keys.map(async (key) => (await host.container(key)) !== undefined));
    await host.remove(...keys.filter((_, index) => there[index]));
  });

  afterAll(async () => host.stop());

  async function dockerRun(options: Docker.ContainerCreateOptions): Promise<Docker.ContainerInspectInfo> {
    const container = await host.engine.docker.createContainer({ Image: "bed/base:1", ...options });
    started.push(container);
    await container.start();
    return container.inspect();
  }

  function addProcess(index: number, pid: number): void {
    updateGpuState(host.engine.gpuState, ({ gpus }) => {
      gpus[index]!.processes.push({ pid, name: "/usr/bin/python3", memoryMiB: 20_000, type: "C" });
    });
  }

  /** Has alice want both GPUs while somebody has them: whoever waits makes the controller look every few seconds. */
  async function queue(): Promise<void> {
    const everything = { Driver: "nvidia", Count: -1, Capabilities: [["gpu"]] };
    const { Id } = await dockerRun({ name: "blocker", HostConfig: { DeviceRequests: [everything] } });
    await waitFor("both to be in use", async () =>
      [...(await host.gpus()).values()].every(({ status }) => status.state === "InUse"),
    );
    host.drop("users/alice/all.yaml", containerSpec("all", allGpus));
    await waitingFor("(blocker)");
    blocker = host.engine.docker.getContainer(Id);
  }

  /** Frees the GPUs of whoever had them first, once `whom` is seen as well. */
  async function unblock(whom: string): Promise<void> {
    await waitFor(`${whom} to be seen`, async () => {
      const all = [...(await host.gpus()).values()];
      return all.some(({ status }) => status.foreign?.some((text) => text.includes(whom)) === true);
    });
    await blocker?.remove({ force: true });
    started.splice(0, 1);
  }

  async function waitingFor(whom: string): Promise<string> {
    const { status } = await host.waitForObject("alice/all", `waiting for ${whom}`, (object) =>
      (object.status.message ?? "").includes(whom),
    );
    expect(status).toMatchObject({ phase: "Pending", reason: "WaitingForDevices", gpus: [] });
    return status.message ?? "";
  }

  async function shown(slot: string): Promise<object | undefined> {
    return (await host.gpus()).get(slot)?.status;
  }

  it("must name a process of the host and its user, and wait until the memory is clean as well", async () => {
    await queue();
    const foreign = spawn("sleep", ["300"], { stdio: "ignore", uid: 65_534, gid: 65_534 });
    addProcess(1, foreign.pid!);
    await unblock(`pid ${foreign.pid}`);
    const message = await waitingFor(`pid ${foreign.pid} python3 of nobody`);
    expect(message).toContain("1 in use by a host process");
    const text = `pid ${foreign.pid} (nobody, host)`;
    await expect
      .poll(async () => shown("1"))
      .toMatchObject({ state: "InUse", holder: null, reason: text, foreign: [text] });
    expect((await host.ds01("get", "gpus")).stdout).toContain(text);

    foreign.kill();
    await once(foreign, "exit");
    // The process has gone, what it had allocated has not.
    updateGpuState(host.engine.gpuState, ({ gpus }) => {
      gpus[1]!.processes.splice(0);
      gpus[1]!.memoryUsedMiB = 101;
    });
    await waitingFor("1 with memory in use by nobody known");
    updateGpuState(host.engine.gpuState, ({ gpus }) => void (gpus[1]!.memoryUsedMiB = 99));
    await host.waitForReady("alice/all");
  });

  it("must name the container of a process, although it asked for no device", async () => {
    await queue();
    const { State, Id } = await dockerRun({ name: "notebook" });
    addProcess(0, State.Pid);
    await unblock("notebook");
    const message = await waitingFor("(notebook)");
    expect(message).toContain("in use by a container ds01 does not manage (notebook)");
    await expect
      .poll(async () => shown("0"))
      .toMatchObject({ state: "InUse", reason: "container notebook (unknown user, docker)" });
    await host.engine.docker.getContainer(Id).kill();
    updateGpuState(host.engine.gpuState, ({ gpus }) => void gpus[0]!.processes.splice(0));
    await host.waitForReady("alice/all");
  });

  it("must name the project and the person of a compose container that holds a device", async () => {
    await queue();
    const { State } = await dockerRun({
      name: "llm-web-1",
      Env: ["NVIDIA_VISIBLE_DEVICES=1"],
      Labels: {
        "com.docker.compose.project": "llm",
        "com.docker.compose.project.working_dir": "/home/daemon/llm",
      },
      HostConfig: { Runtime: "nvidia" },
    });
    await unblock("llm-web-1");
    const message = await waitingFor("llm-web-1 of daemon");
    expect(message).toContain("in use by a container ds01 does not manage (llm-web-1 of daemon)");
    addProcess(1, State.Pid);
    const text = "container llm-web-1 (daemon, compose llm)";
    await expect
      .poll(async () => shown("1"))
      .toMatchObject({ state: "InUse", reason: text, foreign: [text] });
    expect((await host.ds01("get", "gpus")).stdout).toMatch(
      /^1 .* InUse .*llm-web-1 \(daemon, compose llm\)/m,
    );
  });

  it("must say whether a device may be used, by slot and by UUID", async () => {
    host.drop("users/alice/all.yaml", containerSpec("all", { ...allGpus, gpus: { count: 1 } }));
    const [own] = (await host.waitForReady("alice/all")).status.gpus;
    const free = own!.slot === "0" ? 1 : 0;
    const { uuid } = readGpuState(host.engine.gpuState).gpus[free]!;
    // What the tests before have left is gone with the next look.
    const allowed = await waitFor("the other one to be free", async () => {
      const answer = await host.ds01("gpu", "check", String(free));
      return answer.code === 0 && answer;
    });
    expect(allowed).toMatchObject({
      stdout: expect.stringMatching(
        new RegExp(`^SLOT +MODEL +AVAILABLE +WHY\\n${free} +NVIDIA A100-SXM4-80GB +yes\\n$`),
      ),
    });
    const held = await host.ds01("gpu", "check", own!.uuid);
    expect(held).toMatchObject({ code: 1, stdout: expect.stringMatching(/ no +allocated: alice\/all\n/) });
    expect((await host.ds01("gpu", "check", "0", "1")).code).toBe(1);

    const foreign = spawn("sleep", ["300"], { stdio: "ignore", uid: 65_534, gid: 65_534 });
    addProcess(free, foreign.pid!);
    // A look is shared for a second with who has asked just before.
    const refused = await waitFor(
      "the process to be seen",
      async () => {
        const answer = await host.ds01("gpu", "check", uuid, "-o", "json");
        return answer.code === 1 && answer;
      },
      { intervalMs: 200 },
    );
    expect(JSON.parse(refused.stdout)).toMatchObject({
      slot: String(free),
      uuid,
      profile: null,
      state: "InUse",
      available: false,
      obstacles: [
        { reason: "InUse", message: `in use by a host process: pid ${foreign.pid} (nobody, host)` },
      ],
    });
    foreign.kill();
    for (const unknown of ["9", "GPU-0000", "all"]) {
      expect(await host.ds01("gpu", "check", unknown)).toMatchObject({ code: 4, stdout: "" });
    }
    expect((await host.ds01("gpu", "check")).code).toBe(2);
  });

  it("must describe a device with its processes, links and who waits for it, and show the load of all", async () => {
    updateGpuState(host.engine.gpuState, ({ gpus }) => void (gpus[0]!.utilizationPercent = 93));
    host.drop("users/alice/all.yaml", containerSpec("all", allGpus));
    await host.waitForReady("alice/all");
    const { State } = await host.dockerInspect("alice/all");
    addProcess(0, State.Pid);
    host.drop("users/bob/next.yaml", containerSpec("next", { ...allGpus, gpus: { count: 1 } }));
    await host.waitForObject("bob/next", "waiting", ({ status }) => status.queue !== undefined);
    const described = await waitFor(
      "the process to be seen",
      async () => {
        const { stdout } = await host.ds01("describe", "gpu", "0");
        return stdout.includes(String(State.Pid)) && stdout;
      },
      { intervalMs: 200 },
    );
    expect(described).toMatch(/^State: +Allocated\n(?:.*\n)*Holder: +alice\/all\n/m);
    expect(described).toMatch(
      new RegExp(`^Processes: +PID +NAME +MEMORY +OF\\n +${State.Pid} +python3 +19\\.5Gi +alice/all\\n`, "m"),
    );
    expect(described).toMatch(/^Links: +\S+ to GPU 1\n/m);
    expect(described).toMatch(/^Waiting: +bob\/next {3}place 1/m);
    expect(described).toMatch(/^Capability: +8\.0$/m);

    const top = await host.ds01("top", "gpus");
    expect(top).toMatchObject({ code: 0, stderr: "" });
    expect(top.stdout).toMatch(/^SLOT +MODEL +UTIL +MEMORY +STATE +HOLDER +PROCESSES\n/);
    expect(top.stdout).toMatch(
      new RegExp(
        `^0 .* 93% +19\\.5Gi/80Gi +Allocated +alice/all +${State.Pid} python3 19\\.5Gi \\(alice/all\\)$`,
        "m",
      ),
    );
    expect(JSON.parse((await host.ds01("top", "gpus", "-o", "json")).stdout)).toMatchObject({
      ready: true,
      devices: [
        { slot: "0", utilizationPercent: 93, processes: [{ container: "alice/all" }] },
        { slot: "1" },
      ],
    });
    expect((await host.ds01("get", "gpus", "-o", "wide")).stdout).toMatch(/UUID .*CAPABILITY .*MEMORY-USED/);
  });

  it("must tell who is on a device beside its holder, and end nobody", async () => {
    host.drop("users/alice/all.yaml", containerSpec("all", allGpus));
    await host.waitForReady("alice/all");
    const labels = { "devcontainer.local_folder": "/home/daemon/code" };
    const { State, Id } = await dockerRun({ name: "vsc-code", Labels: labels });
    addProcess(0, State.Pid);
    const text = "container vsc-code (daemon, devcontainer)";
    const status = await waitFor("the intruder to be told", async () => {
      // Who asks has the devices looked at.
      await host.client.gpuUsage();
      const gpu = (await host.gpus()).get("0");
      return gpu?.status.foreign?.join() === text && gpu.status;
    });
    expect(status).toMatchObject({
      state: "Allocated",
      holder: { namespace: "alice", name: "all" },
      foreign: [text],
    });
    expect((await host.ds01("get", "gpus")).stdout).toContain(`alice/all and ${text}`);
    const { message } = await host.waitForEvent("alice/all", "ForeignUse");
    expect(message).toContain(`GPU 0 is used without ds01 by ${text} as well`);
    await waitFor("the event of the GPU", async () =>
      /ForeignUse +used without ds01 by container vsc-code .* beside alice\/all/.test(
        (await host.ds01("describe", "gpu", "0")).stdout,
      ),
    );
    expect((await host.engine.docker.getContainer(Id).inspect()).State.Running).toBe(true);
    expect(readGpuState(host.engine.gpuState).gpus[0]!.processes).toHaveLength(1);
    expect((await host.container("alice/all"))?.status.phase).toBe("Running");
  });
});
