import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { passForCdi } from "../bed/cdi-engine.ts";
import { readGpuState, updateGpuState, type GpuState } from "../bed/nvidia/state.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const gpu = { gpus: { count: 1 } };

describe("a GPU container that Docker cannot start", () => {
  let host: Host;
  const setFault = (fault: GpuState["fault"]): void => {
    updateGpuState(host.engine.gpuState, (state) => {
      if (fault === undefined) delete state.fault;
      else state.fault = fault;
    });
  };

  beforeAll(async () => {
    host = await startHost({ name: "gpu-failures", nvidia: "2xA100-80GB" });
  });
  afterEach(() => setFault(undefined));
  afterAll(async () => host.stop());

  it.each([
    ["nodriver", "DriverNotLoaded", "dmesg"],
    ["mismatch", "DriverMismatch", "reboots"],
  ] as const)(
    "must say what to do when NVIDIA's hook fails (%s), and start once it works",
    async (mode, reason, remedy) => {
      // The devices are known; only the hook meets the fault.
      setFault({ mode, match: "^nothing$" });
      const key = `alice/${mode}`;
      host.drop(`users/alice/${mode}.yaml`, containerSpec(mode, gpu));
      const { status } = await host.waitForPhase(key, "Backoff");
      expect(status).toMatchObject({ reason, message: expect.stringContaining(remedy) as string });
      const event = await host.waitForEvent(key, "StartFailed");
      expect(event).toMatchObject({ type: "Warning", message: expect.stringContaining(reason) as string });
      expect((await host.ds01("describe", "container", mode)).stdout).toContain(reason);
      setFault(undefined);
      await host.waitForReady(key);
      await host.remove(key);
    },
  );

  it("must take another way when the CDI file does not have the device that the engine listed", async () => {
    const [first] = readGpuState(host.engine.gpuState).gpus;
    let listed = readGpuState(host.engine.gpuState).gpus.map(({ uuid }) => `nvidia.com/gpu=${uuid}`);
    const cdi = passForCdi(host.proxy, () => listed);
    const end = host.proxy.addRule({
      fault: "status",
      method: "POST",
      path: /\/start$/,
      message: `CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=${first!.uuid}`,
    });
    host.drop("users/alice/cut.yaml", containerSpec("cut", gpu));
    const seen = await host.waitForObject(
      "alice/cut",
      "told of the CDI device",
      ({ status }) => status.reason === "CdiDeviceMissing",
    );
    expect(seen.status.message).toContain("nvidia-ctk cdi generate");
    listed = [];
    end();
    await host.waitForReady("alice/cut");
    expect((await host.dockerInspect("alice/cut")).Config.Labels["ds01.injection"]).toBe("hook");
    cdi.end();
    await host.remove("alice/cut");
  });

  it("must say that CDI is not there when the configuration wants it, and doctor as well", async () => {
    await host.controller.end("SIGTERM");
    host.configure("trust: path\ngpuInjection: cdi\n");
    await host.startController();
    host.drop("users/alice/forced.yaml", containerSpec("forced", gpu));
    const seen = await host.waitForObject(
      "alice/forced",
      "told that there is no CDI",
      ({ status }) => status.reason === "CdiDisabled",
    );
    expect(seen.status.message).toContain("gpuInjection: auto");
    const doctor = await host.ds01("doctor");
    expect(doctor).toMatchObject({ code: 1 });
    expect(doctor.stdout).toMatch(
      /FAIL +GpuInjection +CDI, as the configuration says, but Docker 20[^\n]+\n +set gpuInjection: auto/,
    );
  });
});
