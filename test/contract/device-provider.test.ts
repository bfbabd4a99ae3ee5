import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deviceProvider } from "../../src/adapters/gpu/registry.ts";
import type { DeviceProvider } from "../../src/ports/device-provider.ts";
import { installNvidiaSmi } from "../bed/nvidia/install.ts";
import { createGpuState, updateGpuState } from "../bed/nvidia/state.ts";
import { waitFor } from "../bed/wait-for.ts";

/** One provider under test, with what makes its GPU stack fall silent and answer again. */
interface Subject {
  readonly provider: DeviceProvider;
  readonly slots: readonly string[];
  readonly outage: { readonly begin: () => void; readonly end: () => void } | null;
}

const directory = mkdtempSync(join(tmpdir(), "ds01-provider-"));
const options = { userName: async () => null };
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const subjects: Readonly<Record<string, () => Subject>> = {
  nvidia: () => nvidia("nvidia"),
  auto: () => nvidia("auto"),
  simulated: () => {
    const path = join(directory, "gpus.yaml");
    const text =
      "gpus:\n  - {model: A100, memory: 80Gi, mig: [3g.40gb, 2g.20gb]}\n  - {model: A100, memory: 80Gi}\n";
    const begin = (): void => writeFileSync(path, "gpus: {}");
    const end = (): void => writeFileSync(path, text);
    end();
    return {
      provider: deviceProvider(`simulated:${path}`, options),
      slots: ["0", "0:0", "0:1", "1"],
      outage: { begin, end },
    };
  },
  none: () => ({ provider: deviceProvider("none", options), slots: [], outage: null }),
};

function nvidia(selection: string): Subject {
  const bin = join(directory, selection);
  const statePath = join(bin, "gpu.json");
  mkdirSync(bin);
  createGpuState(statePath, "A100-80GB:3g.40gb+2g.20gb A100-80GB");
  installNvidiaSmi(bin, statePath);
  const breaker = { pauseMs: 50, longestPauseMs: 50 };
  const program = join(bin, "nvidia-smi");
  return {
    provider: deviceProvider(selection, { ...options, program, breaker }),
    slots: ["0", "0:0", "0:1", "1"],
    outage: {
      begin: () => updateGpuState(statePath, (state) => void (state.fault = { mode: "mismatch" })),
      end: () => updateGpuState(statePath, (state) => void delete state.fault),
    },
  };
}

describe.each(Object.keys(subjects))("the %s provider", (name) => {
  let subject: Subject;
  beforeAll(() => {
    subject = (subjects[name] as () => Subject)();
  });

  test("lists devices that are consistent in themselves", async () => {
    const inventory = await subject.provider.discover();
    expect(inventory.ready).toBe(true);
    const { devices, usage } = inventory;
    expect(devices.map(({ slot }) => slot)).toEqual(subject.slots);
    expect(new Set(devices.map(({ uuid }) => uuid)).size).toBe(devices.length);
    for (const device of devices) {
      const parent = devices.find(({ uuid }) => uuid === device.parentUuid);
      expect(device.profile === null).toBe(device.parentUuid === null);
      if (device.parentUuid !== null) expect(parent).toMatchObject({ migEnabled: true, profile: null });
      if (parent !== undefined) expect(device.slot.split(":")[0]).toBe(parent.slot);
      expect(device.gpuEquivalents).toBeGreaterThan(0);
      expect(device.gpuEquivalents).toBeLessThanOrEqual(1);
      expect(device.memoryBytes).toBeGreaterThan(0);
      expect(device.healthy).toBe(device.unhealthyReason === null);
    }
    for (const uuid of usage.keys()) expect(devices.map((device) => device.uuid)).toContain(uuid);
  });

  test("says the same when nothing has changed", async () => {
    const { provider } = subject;
    expect((await provider.discover()).devices).toEqual((await provider.discover()).devices);
  });

  test("answers calls made at the same time alike", async () => {
    const { provider } = subject;
    const [first, second] = await Promise.all([provider.discover(), provider.discover()]);
    expect(first?.devices).toEqual(second?.devices);
  });

  test("hides every GPU where none is given", () => {
    expect(subject.provider.attach([])).toEqual({
      injection: "none",
      environment: { NVIDIA_VISIBLE_DEVICES: "void" },
      deviceRequests: [],
      runtime: null,
    });
  });

  test("passes exactly the given devices, by UUID, the same each time", async () => {
    const { devices } = await subject.provider.discover();
    for (const device of devices) {
      const attachment = subject.provider.attach([device]);
      expect(attachment).toEqual(subject.provider.attach([device]));
      expect(attachment.environment["NVIDIA_VISIBLE_DEVICES"]).toBe(device.uuid);
      expect(attachment.deviceRequests.length).toBeLessThanOrEqual(1);
      for (const request of attachment.deviceRequests) expect(request.deviceIds).toEqual([device.uuid]);
    }
  });

  test("gives up at once when aborted", async () => {
    await expect(subject.provider.discover(AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
  });

  test("keeps what it knew while its stack is silent, says why, and recovers alone", async () => {
    const { provider, outage } = subject;
    if (outage === null) return expect(subject.slots).toEqual([]);
    const before = await provider.discover();
    outage.begin();
    const during = await provider.discover();
    expect(during.ready).toBe(false);
    expect(during.message).not.toBe("");
    expect(during.devices).toEqual(before.devices);
    outage.end();
    const after = await waitFor("the stack answers", async () => {
      const inventory = await provider.discover();
      return inventory.ready && inventory;
    });
    expect(after.devices).toEqual(before.devices);
  });
});
