import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";
import { recordFault } from "../support/record-fault.ts";
import { Bystanders } from "./bystanders.ts";
import { DeviceSamples } from "./device-samples.ts";
import { holdsFor } from "./holds-for.ts";
import { dockerName, startHost } from "./host.ts";
import type { ContainerObject, Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

/** Less than nvidia-smi is given to answer: who waited for it would take longer. */
const smiDeadlineMs = 9_500;

const gpuJob = (name: string, fields: object = {}): string =>
  containerSpec(name, { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "0s" }, ...fields });

/** What must be as it was when nothing was to be touched. */
interface Run {
  readonly id: string;
  readonly startedAt: string;
  readonly devices: string;
}

async function runOf(host: Host, key: string): Promise<Run> {
  const { Id, State, Config } = await host.engine.docker.getContainer(dockerName(key)).inspect();
  return { id: Id, startedAt: State.StartedAt, devices: Config.Labels["ds01.gpu.uuids"] ?? "" };
}

async function doctorSays(host: Host, line: RegExp): Promise<string> {
  return waitFor(
    `doctor to say ${line}`,
    async () => {
      const { stdout } = await host.ds01("doctor");
      return line.test(stdout) && stdout;
    },
    // nvidia-smi is asked every 20 s while nobody waits, and given 10 s to answer.
    { intervalMs: 300 },
  );
}

async function waitForRunning(host: Host, keys: readonly string[], timeoutMs = 60_000): Promise<void> {
  for (const key of keys) await host.waitForReady(key, timeoutMs);
}

describe("an engine that fails under four GPU jobs", () => {
  const four = ["alice/one", "alice/two", "bob/three", "bob/four"];
  let host: Host;
  let others: Bystanders;
  let samples: DeviceSamples;

  beforeAll(async () => {
    const files = Object.fromEntries(
      four.map((key) => [`users/${key}.yaml`, gpuJob(key.split("/")[1] ?? "")]),
    );
    host = await startHost({ name: "faults", nvidia: "4xA100-80GB", files });
    await waitForRunning(host, four);
    others = await Bystanders.start(host.engine.docker);
  });

  beforeEach(() => {
    samples = new DeviceSamples(host.engine.docker);
  });

  afterEach(async () => {
    // A fast engine is back before much was seen; what runs now is seen as well.
    await waitFor("enough looks at the devices", () => samples.looks > 3);
    await samples.end();
    expect(samples.violations).toEqual([]);
    await others.expectUntouched();
  });

  afterAll(async () => {
    await host.stop();
  });

  it("must lose no container when it is stopped and started, and bring all back on their GPUs", async () => {
    const before = await Promise.all(four.map((key) => runOf(host, key)));
    await host.engine.kill("TERM");
    await host.waitForObject(
      "alice/one",
      "out of reach",
      ({ status }) => status.reason === "EngineUnreachable",
    );
    await expect
      .poll(async () => {
        const { stdout } = await host.ds01("get", "containers", "--all-namespaces");
        return stdout.match(/Running .*the Docker engine does not answer/g);
      })
      .toHaveLength(4);
    await doctorSays(host, /EngineReady.*start Docker/s);
    host.proxy.clear();

    await host.engine.start();
    await waitForRunning(host, four);
    const after = await Promise.all(four.map((key) => runOf(host, key)));
    expect(after.map(({ id, devices }) => [id, devices])).toEqual(
      before.map(({ id, devices }) => [id, devices]),
    );
    expect(host.proxy.mutations().filter((one) => !one.endsWith("/start"))).toEqual([]);
    await doctorSays(host, /EngineReady +the Docker engine answers/);
    const starts = host.proxy.mutations().length;
    recordFault(
      "engine-stopped",
      `${after.length} containers with their ids and GPUs are Ready again after ${starts} starts and no other change`,
    );
  });

  it("must get through its freeze of 30 s: nothing is lost, what was asked meanwhile follows", async () => {
    const kept = ["alice/one", "alice/two", "bob/three"];
    const before = await Promise.all(kept.map((key) => runOf(host, key)));
    // Somebody is being created, somebody deleted, and somebody waits, while it freezes.
    host.proxy.clear();
    host.removeFile("users/bob/four.yaml");
    host.drop("users/carol/five.yaml", gpuJob("five"));
    await waitFor("the first of it to reach the engine", () => host.proxy.mutations().length > 0);
    await host.engine.kill("STOP");
    const frozenAt = Date.now();
    host.drop("users/carol/six.yaml", gpuJob("six"));
    await host.waitForObject(
      "alice/one",
      "out of reach",
      ({ status }) => status.reason === "EngineUnreachable",
    );
    await doctorSays(host, /EngineReady.*does not answer|EngineReady.*no answer|EngineReady.*lost/s);
    await holdsFor(30_000 - (Date.now() - frozenAt), async () => {
      expect((await host.ds01("get", "containers", "--all-namespaces")).code).toBe(0);
    });
    await host.engine.kill("CONT");

    await host.waitForReady("carol/five");
    await waitForRunning(host, kept);
    expect(await Promise.all(kept.map((key) => runOf(host, key)))).toEqual(before);
    await waitFor("bob/four to be gone", async () => (await host.container("bob/four")) === undefined, {
      timeoutMs: 60_000,
    });
    await host.waitForObject("carol/six", "waiting", ({ status }) => status.reason === "WaitingForDevices");
    await doctorSays(host, /EngineReady +the Docker engine answers/);
    const filters = { label: ["ds01.user"] };
    const names = (await host.engine.docker.listContainers({ all: true, filters })).map(({ Names }) =>
      Names[0]?.slice(1),
    );
    const wanted = [...[...kept, "carol/five"].map(dockerName), "x._.zoe"];
    expect(new Set(names)).toEqual(new Set(wanted));
    expect(names).toHaveLength(wanted.length);
    recordFault(
      "engine-frozen",
      `${kept.length} containers kept their ids and start times; one was made, one removed, one waits for a GPU`,
    );
  });
});

describe("an engine with live restore", () => {
  let host: Host;
  let others: Bystanders;

  beforeAll(async () => {
    const files = {
      "users/alice/train.yaml": gpuJob("train"),
      "users/bob/serve.yaml": containerSpec("serve"),
    };
    host = await startHost({ name: "faults-live", nvidia: "2xL40S", liveRestore: true, files });
    await waitForRunning(host, ["alice/train", "bob/serve"]);
    others = await Bystanders.start(host.engine.docker);
  });

  afterAll(async () => {
    await host.stop();
  });

  it.each([
    ["KILL", "engine-killed-live"],
    ["TERM", "engine-stopped-live"],
  ] as const)(
    "must be left alone with all that runs when it ends by SIG%s and comes back",
    async (signal, fault) => {
      const keys = ["alice/train", "bob/serve"];
      const before = await Promise.all(keys.map((key) => runOf(host, key)));
      host.proxy.clear();
      await host.engine.kill(signal);
      for (const key of keys)
        await host.waitForObject(key, "out of reach", ({ status }) => status.reason === "EngineUnreachable");
      await host.engine.start();
      await waitForRunning(host, keys);
      // Everything is looked at once more, and there is nothing to do.
      await host.client.resync();
      expect(await Promise.all(keys.map((key) => runOf(host, key)))).toEqual(before);
      expect(host.proxy.mutations()).toEqual([]);
      await others.expectUntouched();
      recordFault(
        fault,
        `${keys.length} containers kept their ids, start times and GPUs; ${host.proxy.mutations().length} requests changed anything`,
      );
    },
  );
});

describe("nvidia-smi that hangs", () => {
  const train = "alice/train";
  const waits = ({ status }: ContainerObject): boolean => status.reason === "GpuStackNotReady";
  let host: Host;

  beforeAll(async () => {
    const files = { "users/alice/train.yaml": gpuJob("train") };
    host = await startHost({ name: "faults-smi", nvidia: "2xA100-80GB", files });
    await host.waitForReady(train);
  });

  afterAll(async () => {
    await host.stop();
  });

  it("must give out no GPU, touch nothing that runs, say so, and go on by itself", async () => {
    const before = await runOf(host, train);
    updateGpuState(host.engine.gpuState, (state) => {
      state.fault = { mode: "hang" };
    });
    await doctorSays(host, /GpuStackReady.*nvidia-smi/s);
    host.proxy.clear();
    host.drop("users/bob/next.yaml", gpuJob("next"));
    await host.waitForObject("bob/next", "waiting for the stack", waits);
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
    host.drop("users/alice/train.yaml", gpuJob("train", { image: "bed/pause:1" }));
    await host.waitForObject(train, "frozen", waits);
    expect(await runOf(host, train)).toEqual(after);

    updateGpuState(host.engine.gpuState, (state) => {
      delete state.fault;
    });
    const next = await host.waitForReady("bob/next", 90_000);
    const replaced = await host.waitForObject(
      train,
      "replaced",
      ({ status }) => status.phase === "Running" && status.container?.image === "bed/pause:1",
    );
    expect(replaced.status.gpus.map(({ uuid }) => uuid)).toEqual([before.devices]);
    expect(next.status.gpus.map(({ uuid }) => uuid)).not.toEqual([before.devices]);
    await doctorSays(host, /GpuStackReady +2 devices/);
    recordFault(
      "smi-hangs",
      "a container without GPUs started, one that was killed came back on its GPU, one that asked for a GPU waited (GpuStackNotReady); all went on when it answered",
    );
  });
});
