import { describe, expect, it } from "vitest";
import { device } from "../../../test/support/world-builder.ts";
import { unaskedEngine, type InjectionChoice } from "../../core/schedule/injection.ts";
import { noGpus, nvidiaAttachment } from "./nvidia-attachment.ts";

const gpus = [device(0), device(1)];
const slice = device(0, { uuid: "MIG-a", profile: "2g.20gb", parentUuid: "GPU-0" });
const as = (choice: InjectionChoice, version = "28.5.2") => ({
  engine: { ...unaskedEngine, version },
  choice,
  made: null,
});

describe("passing NVIDIA devices in", () => {
  it("by CDI names them by UUID, and hides what the image bakes from the NVIDIA runtime", () => {
    expect(nvidiaAttachment(gpus, as("cdi"))).toEqual({
      injection: "cdi",
      environment: { NVIDIA_VISIBLE_DEVICES: "void" },
      deviceRequests: [
        { driver: "cdi", deviceIds: ["nvidia.com/gpu=GPU-0", "nvidia.com/gpu=GPU-1"], capabilities: [] },
      ],
      runtime: null,
    });
  });

  it("by the hook makes one request, because of several only the last counts", () => {
    const { deviceRequests, environment, runtime } = nvidiaAttachment(gpus, as("hook"));
    expect(deviceRequests).toEqual([
      { driver: "nvidia", deviceIds: ["GPU-0", "GPU-1"], capabilities: [["gpu", "compute", "utility"]] },
    ]);
    expect(environment).toEqual({ NVIDIA_VISIBLE_DEVICES: "GPU-0,GPU-1" });
    expect(runtime).toBeNull();
  });

  it("by the runtime uses variables alone", () => {
    expect(nvidiaAttachment(gpus, as("runtime"))).toEqual({
      injection: "runtime",
      environment: { NVIDIA_VISIBLE_DEVICES: "GPU-0,GPU-1", NVIDIA_DRIVER_CAPABILITIES: "compute,utility" },
      deviceRequests: [],
      runtime: "nvidia",
    });
  });

  it.each(["cdi", "hook", "runtime"] as const)("by %s tells CUDA which slice is meant", (choice) => {
    expect(nvidiaAttachment([slice], as(choice)).environment).toMatchObject({
      CUDA_VISIBLE_DEVICES: "MIG-a",
    });
    expect(nvidiaAttachment(gpus, as(choice)).environment).not.toHaveProperty("CUDA_VISIBLE_DEVICES");
    expect(nvidiaAttachment([], as(choice))).toEqual(noGpus);
  });

  it("names the hook itself for slices where the plain name would try CDI first", () => {
    const driverOf = (devices: typeof gpus, version: string) =>
      nvidiaAttachment(devices, as("hook", version)).deviceRequests[0]?.driver;
    expect(driverOf([slice], "29.2.0")).toBe("nvidia.runtime-hook");
    expect(driverOf([slice], "29.1.0")).toBe("nvidia");
    expect(driverOf(gpus, "29.2.0")).toBe("nvidia");
  });
});
