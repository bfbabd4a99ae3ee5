import { describe, expect, it } from "vitest";
import { gpuClaims } from "./gpu-claims.ts";
import type { InspectHostConfig } from "./inspect-json.ts";

const none = { all: false, ids: [] };

function claims(
  host: InspectHostConfig,
  environment: Record<string, string> = {},
  defaultRuntime = "runc",
): object {
  return gpuClaims(host, environment, defaultRuntime);
}

function request(fields: object): InspectHostConfig {
  return { DeviceRequests: [{ Driver: "", Count: 0, DeviceIDs: null, Capabilities: [["gpu"]], ...fields }] };
}

describe("gpuClaims", () => {
  it("finds none where nothing is asked for", () => {
    expect(claims({ DeviceRequests: null, Devices: null, Runtime: "runc" })).toEqual(none);
  });

  it("takes ids as they were written", () => {
    const ids = ["GPU-b", "0:1", "2", "MIG-a"];
    expect(claims(request({ Driver: "nvidia", DeviceIDs: ids }))).toEqual({
      all: false,
      ids: ids.toSorted(),
    });
    expect(claims(request({ DeviceIDs: ["1,2"] }))).toEqual({ all: false, ids: ["1", "2"] });
  });

  it("reads a count as Docker does: the first ones, or all", () => {
    expect(claims(request({ Count: 2 }))).toEqual({ all: false, ids: ["0", "1"] });
    expect(claims(request({ Count: -1 }))).toEqual({ all: true, ids: [] });
    expect(claims(request({ Count: 0 }))).toEqual(none);
  });

  it("reads CDI names: those of NVIDIA by device, those of others in full", () => {
    const cdi = { Driver: "cdi", Capabilities: null };
    const names = ["nvidia.com/gpu=GPU-a", "nvidia.com/gpu=0:1", "nvidia.com/gpu=gpu3", "amd.com/gpu=0"];
    expect(claims(request({ ...cdi, DeviceIDs: names }))).toEqual({
      all: false,
      ids: ["0:1", "3", "GPU-a", "amd.com/gpu=0"],
    });
    expect(claims(request({ ...cdi, DeviceIDs: ["nvidia.com/gpu=all"] }))).toEqual({ all: true, ids: [] });
  });

  it("leaves requests that are not for GPUs", () => {
    expect(claims(request({ Driver: "fpga", Count: -1, Capabilities: [["fpga"]] }))).toEqual(none);
  });

  it("reads NVIDIA_VISIBLE_DEVICES under the NVIDIA runtime, named or default, and only there", () => {
    const all = { NVIDIA_VISIBLE_DEVICES: "all" };
    expect(claims({ Runtime: "nvidia" }, all)).toEqual({ all: true, ids: [] });
    expect(claims({ Runtime: "" }, all, "nvidia")).toEqual({ all: true, ids: [] });
    expect(claims({ Runtime: "runc" }, all, "nvidia")).toEqual(none);
    expect(claims({ Runtime: "nvidia" }, { NVIDIA_VISIBLE_DEVICES: "0, GPU-a" })).toEqual({
      all: false,
      ids: ["0", "GPU-a"],
    });
  });

  it.each(["void", "none", ""])("takes %j for nothing", (value) => {
    expect(claims({ Runtime: "nvidia" }, { NVIDIA_VISIBLE_DEVICES: value })).toEqual(none);
  });

  it("knows that old CUDA images get everything from the NVIDIA runtime", () => {
    expect(claims({ Runtime: "nvidia" }, { CUDA_VERSION: "9.0" })).toEqual({ all: true, ids: [] });
    expect(claims({ Runtime: "nvidia" }, { CUDA_VERSION: "12.4", NVIDIA_REQUIRE_CUDA: "cuda>=12" })).toEqual(
      none,
    );
    expect(claims({ Runtime: "nvidia" })).toEqual(none);
  });

  it("lets a device request win over the variable, for so does Docker", () => {
    const host = { ...request({ DeviceIDs: ["GPU-a"] }), Runtime: "nvidia" };
    expect(claims(host, { NVIDIA_VISIBLE_DEVICES: "all" })).toEqual({ all: false, ids: ["GPU-a"] });
  });

  it("reads devices named by mounts under the NVIDIA runtime, which win over the variable", () => {
    const Binds = ["/dev/null:/var/run/nvidia-container-devices/GPU-a:ro", "/data:/data"];
    const everything = { NVIDIA_VISIBLE_DEVICES: "all" };
    expect(claims({ Runtime: "nvidia", Binds }, everything)).toEqual({ all: false, ids: ["GPU-a"] });
    expect(claims({ Runtime: "runc", Binds }, everything)).toEqual(none);
    const all = ["/dev/null:/var/run/nvidia-container-devices/all"];
    expect(claims({ Runtime: "nvidia", Binds: all })).toEqual({ all: true, ids: [] });
  });

  it("takes every capability that the engine gives to NVIDIA for a claim, but no other vendor's driver", () => {
    expect(claims(request({ Count: 1, Capabilities: [["compute", "utility"]] }))).toEqual({
      all: false,
      ids: ["0"],
    });
    expect(claims(request({ Driver: "amd", Count: -1 }))).toEqual(none);
  });

  it("sees device nodes passed by hand", () => {
    const Devices = ["/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm"].map((PathOnHost) => ({
      PathOnHost,
    }));
    expect(claims({ Devices })).toEqual({ all: false, ids: ["1"] });
  });
});
