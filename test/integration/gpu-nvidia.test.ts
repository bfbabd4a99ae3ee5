import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { AutoProvider } from "../../src/adapters/gpu/auto.ts";
import { NvidiaProvider, type NvidiaOptions } from "../../src/adapters/gpu/nvidia.ts";
import type { Inventory } from "../../src/core/schedule/device.ts";
import { computeLeases } from "../../src/core/schedule/ledger.ts";
import { UnreachableError } from "../../src/util/errors.ts";
import { installNvidiaSmi } from "../bed/nvidia/install.ts";
import { createGpuState, type GpuState, setMigLayout, updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";

const directory = mkdtempSync(join(tmpdir(), "ds01-nvidia-"));
const statePath = join(directory, "gpu.json");
const smiLog = join(directory, "smi.log");
const program = join(directory, "nvidia-smi");
const userName = async (uid: number) => (uid === process.getuid?.() ? "me" : null);
const spec = "A100-80GB:3g.40gb+2g.20gb H100 RTX3090";

beforeAll(() => installNvidiaSmi(directory, statePath));
beforeEach(() => {
  createGpuState(statePath, spec);
  rmSync(smiLog, { force: true });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function provider(options: Partial<NvidiaOptions> = {}): NvidiaProvider {
  return new NvidiaProvider({ program, userName, ...options });
}

function change(edit: (state: GpuState) => void): void {
  updateGpuState(statePath, edit);
}

function calls(): { pid: number; arguments: string[] }[] {
  if (!existsSync(smiLog)) return [];
  const lines = readFileSync(smiLog, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as { pid: number; arguments: string[] });
}

function health(inventory: Inventory): string[] {
  return inventory.devices.map(({ slot, healthy }) => `${slot} ${healthy ? "healthy" : "unhealthy"}`);
}

function processesAt(inventory: Inventory, slot: string) {
  const device = inventory.devices.find((one) => one.slot === slot);
  return inventory.usage.get(device?.uuid ?? "")?.processes;
}

describe("what there is", () => {
  test("whole GPUs and the slices that exist, with what is going on", async () => {
    const inventory = await provider().discover();
    expect(inventory.devices.map(({ slot, profile, model }) => `${slot} ${profile ?? model}`)).toEqual([
      "0 NVIDIA A100-SXM4-80GB",
      "0:0 3g.40gb",
      "0:1 2g.20gb",
      "1 NVIDIA H100 80GB HBM3",
      "2 NVIDIA GeForce RTX 3090",
    ]);
    const h100 = inventory.devices.find(({ slot }) => slot === "1");
    expect(inventory.usage.get(h100?.uuid ?? "")).toMatchObject({ utilizationPercent: 0, processes: [] });
    expect(inventory.usage.get(h100?.uuid ?? "")?.memoryUsedBytes).toBeGreaterThan(0);
    expect(
      computeLeases({ devices: inventory.devices, managed: [], unmanaged: [], usage: inventory.usage }),
    ).toEqual([]);
  });

  test("a new layout is seen at the next look, under UUIDs of its own", async () => {
    const gpus = provider();
    await gpus.discover();
    change((state) => setMigLayout(state.gpus[0]!, "1g.10gb+1g.10gb"));
    const inventory = await gpus.discover();
    expect(inventory.ready).toBe(true);
    expect(inventory.devices.flatMap(({ profile }) => profile ?? [])).toEqual(["1g.10gb", "1g.10gb"]);
  });

  test("an old driver is asked only for the fields it knows", async () => {
    change((state) => void (state.driverVersion = "535.183.06"));
    const inventory = await provider().discover();
    expect(inventory).toMatchObject({ ready: true });
    const query = calls().find(({ arguments: [word = ""] }) => word.startsWith("--query-gpu="));
    expect(query?.arguments[0]).not.toContain("gpu_recovery_action");
    expect(query?.arguments[0]).toContain("memory.used");
  });

  test("the fields are asked for once", async () => {
    const gpus = provider();
    await gpus.discover();
    await gpus.discover();
    expect(calls().filter(({ arguments: [word] }) => word === "--help-query-gpu")).toHaveLength(1);
  });

  test("how the GPUs are joined is asked once, and again when they are others", async () => {
    createGpuState(statePath, "A100-80GB A100-80GB L40S L40S");
    const gpus = provider();
    const links = (inventory: Inventory): string[] =>
      inventory.devices.map(({ slot, links: ways }) => `${slot}: ${Object.values(ways ?? {}).join(" ")}`);
    await gpus.discover();
    const inventory = await gpus.discover();
    expect(links(inventory)).toEqual([
      "0: NV12 NODE NODE",
      "1: NV12 NODE NODE",
      "2: NODE NODE PIX",
      "3: NODE NODE PIX",
    ]);
    const asked = (): number => calls().filter(({ arguments: [word] }) => word === "topo").length;
    expect(asked()).toBe(1);
    change((state) => void (state.gpus[0]!.gone = true));
    const fewer = await gpus.discover();
    expect(links(fewer).map((line) => line.slice(3))).toHaveLength(3);
    expect(fewer.devices[0]?.links).toEqual({
      [fewer.devices[1]?.uuid ?? ""]: expect.any(String),
      [fewer.devices[2]?.uuid ?? ""]: expect.any(String),
    });
    expect(asked()).toBe(2);
  });

  test("slices have the ways of their GPU, and all have their compute capability", async () => {
    const inventory = await provider().discover();
    const [whole, slice] = inventory.devices;
    expect(slice).toMatchObject({ parentUuid: whole?.uuid, links: whole?.links });
    expect(inventory.devices.map(({ computeCapability }) => computeCapability)).toEqual([
      "8.0",
      "8.0",
      "8.0",
      "9.0",
      "8.6",
    ]);
  });

  test.each([
    { mode: "exit", exitCode: 9, match: "topo" },
    { mode: "garbage", match: "topo" },
    { mode: "empty", match: "topo" },
    { mode: "hang", match: "topo" },
  ] as const)("a topology that cannot be read is unknown, and all else works: $mode", async (fault) => {
    const gpus = provider({ deadlineMs: 4000, topologyRetryMs: 0 });
    change((state) => void (state.fault = fault));
    const inventory = await gpus.discover();
    expect(inventory.ready).toBe(true);
    expect(inventory.devices.map(({ links }) => links)).toEqual([null, null, null, null, null]);
    change((state) => void delete state.fault);
    const after = await gpus.discover();
    expect(after.devices.every(({ links }) => links !== null)).toBe(true);
  });

  test("slices say where on their card they are, also after a new layout with UUIDs that come again", async () => {
    const gpus = provider();
    const places = ({ devices }: Inventory): string[] =>
      devices.flatMap(({ slot, profile, placement, gpuInstance }) =>
        profile === null ? [] : [`${slot} ${profile} ${placement?.start}:${placement?.size} ${gpuInstance}`],
      );
    expect(places(await gpus.discover())).toEqual(["0:0 3g.40gb 0:4 1", "0:1 2g.20gb 4:2 3"]);
    change((state) => void (state.gpus[0]!.migDevices[1]!.start = 2));
    expect(places(await gpus.discover())).toContain("0:1 2g.20gb 2:2 3");
  });

  test.each([
    { mode: "exit", exitCode: 4, stdout: "Insufficient Permissions\n", match: "^mig" },
    { mode: "garbage", match: "^mig" },
    { mode: "truncate", match: "^mig" },
  ] as const)("placements that nobody tells are unknown, and all else works: $mode", async (fault) => {
    const gpus = provider({ topologyRetryMs: 0 });
    change((state) => void (state.fault = fault));
    const inventory = await gpus.discover();
    expect(inventory.ready).toBe(true);
    expect(inventory.devices.filter(({ placement }) => placement !== undefined)).toEqual([]);
    change((state) => void delete state.fault);
    expect((await gpus.discover()).devices.filter(({ placement }) => placement !== undefined)).toHaveLength(
      2,
    );
  });

  test("a card without handle hides the placements of no other", async () => {
    const gpus = provider();
    await gpus.discover();
    change((state) => void (state.gpus[1]!.lost = "handle"));
    expect((await gpus.discover()).devices.find(({ slot }) => slot === "0:1")?.placement).toEqual({
      start: 4,
      size: 2,
    });
  });

  test("a host process is named with its user, a graphics process is not counted", async () => {
    change((state) => {
      state.gpus[1]!.processes.push({
        pid: process.pid,
        name: "/usr/bin/python train.py",
        memoryMiB: 900,
        type: "C",
      });
      state.gpus[1]!.processes.push({ pid: 1, name: "Xorg", memoryMiB: 9, type: "G" });
    });
    const inventory = await provider().discover();
    const [found, ...others] = processesAt(inventory, "1") ?? [];
    expect(others).toEqual([]);
    expect(found).toMatchObject({ pid: process.pid, name: "python", user: "me" });
  });

  test("a name service that does not answer costs a name and nothing else", async () => {
    change((state) => {
      state.gpus[1]!.processes.push({ pid: process.pid, name: "python", memoryMiB: 900, type: "C" });
    });
    const away = async (): Promise<null> => {
      throw new UnreachableError({ reason: "NameServiceUnreachable", message: "LDAP is away" });
    };
    const inventory = await provider({ userName: away }).discover();
    expect(inventory.ready).toBe(true);
    expect(processesAt(inventory, "1")).toMatchObject([{ pid: process.pid, user: null }]);
  });

  test("a process of a slice is found in its slice", async () => {
    change((state) => {
      const [, slice] = state.gpus[0]!.migDevices;
      const { gpuInstance, computeInstance } = slice!;
      state.gpus[0]!.processes.push({
        pid: 999_999_999,
        name: "x",
        memoryMiB: 1,
        type: "C",
        gpuInstance,
        computeInstance,
      });
    });
    const inventory = await provider().discover();
    expect(processesAt(inventory, "0:1")).toEqual([
      { pid: 999_999_999, name: "x", user: null, containerId: null, memoryBytes: 1024 ** 2 },
    ]);
    expect(processesAt(inventory, "0")).toEqual([]);
  });
});

describe("sick GPUs", () => {
  test("a GPU that answers no live field is unhealthy, the others are not", async () => {
    const gpus = provider();
    await gpus.discover();
    change((state) => void (state.gpus[0]!.lost = "field"));
    const inventory = await gpus.discover();
    expect(health(inventory)).toEqual([
      "0 unhealthy",
      "0:0 unhealthy",
      "0:1 unhealthy",
      "1 healthy",
      "2 healthy",
    ]);
  });

  test.each(["handle", "unknown"] as const)(
    "one GPU without %s does not blind us to the others",
    async (lost) => {
      const gpus = provider();
      await gpus.discover();
      change((state) => void (state.gpus[1]!.lost = lost));
      const inventory = await gpus.discover();
      expect(inventory.ready).toBe(true);
      expect(health(inventory).toSorted()).toEqual([
        "0 healthy",
        "0:0 healthy",
        "0:1 healthy",
        "1 unhealthy",
        "2 healthy",
      ]);
      expect(inventory.devices.find(({ slot }) => slot === "1")?.unhealthyReason).toMatch(/^no handle: /);
      change((state) => void (state.gpus[2]!.lost = lost));
      expect(health(await gpus.discover()).filter((line) => line.endsWith("unhealthy"))).toHaveLength(2);
      change((state) => state.gpus.forEach((gpu) => delete gpu.lost));
      expect(health(await gpus.discover()).filter((line) => line.endsWith("unhealthy"))).toEqual([]);
    },
  );

  test("a GPU without handle at the first look leaves everything unknown", async () => {
    change((state) => void (state.gpus[1]!.lost = "handle"));
    expect(await provider().discover()).toMatchObject({ ready: false, devices: [] });
  });

  test("a recovery action that the driver asks for is the reason", async () => {
    change((state) => void (state.gpus[2]!.recoveryAction = "GPU Reset"));
    const inventory = await provider().discover();
    expect(inventory.devices.at(-1)).toMatchObject({
      healthy: false,
      unhealthyReason: "the driver asks for: GPU Reset",
    });
  });
});

describe("a sick nvidia-smi", () => {
  test.each(["nodriver", "mismatch", "garbage", "empty", "truncate"] as const)(
    "%s: nothing is ready, what was known stays, and it recovers alone",
    async (mode) => {
      const gpus = provider();
      const before = await gpus.discover();
      change((state) => void (state.fault = { mode }));
      const during = await gpus.discover();
      expect(during.ready).toBe(false);
      expect(during.message).toMatch(/^nvidia-smi /);
      expect(during.devices).toEqual(before.devices);
      change((state) => void delete state.fault);
      expect(await gpus.discover()).toMatchObject({ ready: true, devices: before.devices });
    },
  );

  test("an answer cut short in one call alone is noticed", async () => {
    change((state) => void (state.fault = { mode: "truncate", match: "-q" }));
    expect(await provider().discover()).toMatchObject({ ready: false });
    change((state) => void (state.fault = { mode: "truncate", match: "--query-gpu" }));
    expect(await provider().discover()).toMatchObject({ ready: false });
  });

  test("a hanging child is killed at the deadline, never a second one beside it, and the breaker stops asking", async () => {
    const breaker = { pauseMs: 3000, longestPauseMs: 3000 };
    const gpus = provider({ deadlineMs: 4_000, breaker });
    const before = await gpus.discover();
    change((state) => void (state.fault = { mode: "hang" }));
    const asked = calls().length;
    const [first, second] = await Promise.all([gpus.discover(), gpus.discover()]);
    expect(first).toBe(second);
    expect(first).toMatchObject({ ready: false, message: "nvidia-smi -L did not answer within 4 s" });
    const hanging = calls().slice(asked);
    expect(hanging).toHaveLength(1);
    expect(existsSync(`/proc/${hanging[0]!.pid}`)).toBe(false);
    await gpus.discover();
    await gpus.discover();
    expect(calls().slice(asked)).toHaveLength(3);
    const paused = await gpus.discover();
    expect(paused.message).toBe("nvidia-smi -L did not answer within 4 s; asked again in a moment");
    expect(paused.devices).toEqual(before.devices);
    expect(calls().slice(asked)).toHaveLength(3);
    change((state) => void delete state.fault);
    const after = await waitFor("nvidia-smi to be asked again", async () => {
      const inventory = await gpus.discover();
      return inventory.ready && inventory;
    });
    expect(after.devices).toEqual(before.devices);
  });

  test("waiting ends with the caller's signal; others go on", async () => {
    const gpus = provider({ deadlineMs: 10_000 });
    change((state) => void (state.fault = { mode: "slow", delayMs: 300 }));
    const abort = new AbortController();
    const mine = gpus.discover(abort.signal);
    const others = gpus.discover();
    abort.abort(new Error("enough"));
    await expect(mine).rejects.toThrow("enough");
    expect(await others).toMatchObject({ ready: true });
  });

  test("a program that is not there is told", async () => {
    const missing = await provider({ program: join(directory, "nothing") }).discover();
    expect(missing).toMatchObject({
      ready: false,
      message: expect.stringContaining("nothing cannot be run"),
    });
  });
});

describe("auto", () => {
  test("without nvidia-smi there are no GPUs, and that is fine", async () => {
    const auto = new AutoProvider({ program: join(directory, "nothing"), userName });
    expect(await auto.discover()).toMatchObject({ ready: true, devices: [] });
    expect(auto.vendor).toBe("none");
  });

  test("a driver that loads later is found, and until then nobody says that there are no GPUs", async () => {
    change((state) => void (state.fault = { mode: "nodriver" }));
    const auto = new AutoProvider({ program, userName });
    expect(await auto.discover()).toMatchObject({
      ready: false,
      message: expect.stringContaining("couldn't communicate with the NVIDIA driver") as string,
      devices: [],
    });
    change((state) => void delete state.fault);
    expect((await auto.discover()).devices).toHaveLength(5);
    expect(auto.vendor).toBe("nvidia");
    change((state) => void (state.fault = { mode: "nodriver" }));
    expect(await auto.discover()).toMatchObject({ ready: false, devices: { length: 5 } });
  });

  test("a driver that finds no card says that there are none", async () => {
    change((state) => void (state.gpus = []));
    const auto = new AutoProvider({ program, userName });
    // Also while the breaker pauses.
    for (let look = 0; look < 4; look += 1)
      expect(await auto.discover()).toMatchObject({ ready: true, devices: [] });
  });

  test("a hanging nvidia-smi is not a host without GPUs, also while the breaker pauses", async () => {
    change((state) => void (state.fault = { mode: "hang" }));
    const auto = new AutoProvider({ program, userName, deadlineMs: 200 });
    for (let look = 0; look < 4; look += 1) expect(await auto.discover()).toMatchObject({ ready: false });
    expect(calls().length).toBeLessThanOrEqual(3);
  });
});

describe("with the engine", () => {
  const docker = new Docker({ socketPath: inject("bedSocket") });
  const hookLog = () => readFileSync(join(inject("bedGpuState"), "..", "hook.log"), "utf8");

  test("the attachment gives a container exactly its GPU, and its processes are known as its own", async () => {
    const gpus = new NvidiaProvider({ program: join(inject("bedBin"), "nvidia-smi"), userName });
    const { devices } = await gpus.discover();
    const device = devices[2]!;
    const attachment = gpus.attach([device]);
    const container = await docker.createContainer({
      Image: "bed/cuda:1",
      Env: Object.entries(attachment.environment).map(([name, value]) => `${name}=${value}`),
      HostConfig: {
        DeviceRequests: attachment.deviceRequests.map(({ driver, deviceIds, capabilities }) => ({
          Driver: driver,
          DeviceIDs: [...deviceIds],
          Capabilities: capabilities.map((group) => [...group]),
        })),
      },
    });
    try {
      await container.start();
      const { Id: id, State } = await container.inspect();
      const line = hookLog()
        .trim()
        .split("\n")
        .find((entry) => entry.includes(id));
      expect(JSON.parse(line ?? "{}")).toMatchObject({ result: "ok", visible: [device.uuid] });
      const environment = readFileSync(`/proc/${State.Pid}/environ`, "utf8").split("\0");
      const seen = environment.filter((entry) => entry.startsWith("NVIDIA_VISIBLE_DEVICES="));
      expect(new Set(seen)).toEqual(new Set([`NVIDIA_VISIBLE_DEVICES=${device.uuid}`]));
      updateGpuState(inject("bedGpuState"), (state) => {
        const { uuid } = device;
        state.gpus
          .find((gpu) => gpu.uuid === uuid)!
          .processes.push({ pid: State.Pid, name: "sh", memoryMiB: 1, type: "C" });
      });
      expect(processesAt(await gpus.discover(), device.slot)).toMatchObject([
        { pid: State.Pid, containerId: id },
      ]);
    } finally {
      updateGpuState(inject("bedGpuState"), (state) =>
        state.gpus.forEach((gpu) => void (gpu.processes = [])),
      );
      await container.remove({ force: true });
    }
  });

  test("an image that bakes all GPUs sees none when none are attached", async () => {
    const environment = new NvidiaProvider({ userName }).attach([]).environment;
    const container = await docker.createContainer({
      Image: "bed/cuda:1",
      Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    });
    try {
      await container.start();
      const { Id: id, Config } = await container.inspect();
      expect(Config.Env).toContain("NVIDIA_VISIBLE_DEVICES=void");
      expect(hookLog()).not.toContain(id);
    } finally {
      await container.remove({ force: true });
    }
  });
});
