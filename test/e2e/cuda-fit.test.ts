import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { updateGpuState } from "../bed/nvidia/state.ts";
import { startHost, type Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";

const gpus = { count: 1 };

describe("an image that wants a newer driver than there is", () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ name: "cuda-fit", nvidia: "1xA100-80GB" });
  });
  afterAll(async () => host.stop());

  it("must be told why before anything is made, and keep no GPU from anybody", async () => {
    host.drop("users/alice/train.yaml", containerSpec("train", { image: "bed/cuda13:1", gpus }));
    const { status } = await host.waitForObject(
      "alice/train",
      "told of the driver",
      ({ status: { reason } }) => reason === "ImageNeedsNewerDriver",
    );
    expect(status.message).toMatch(
      /^image bed\/cuda13:1 needs CUDA 13\.0 or newer \(NVIDIA_REQUIRE_CUDA\), and this host has CUDA 12\.8 \(driver 570\.133\.20\)/,
    );
    expect(await host.containersOf("alice/train")).toEqual([]);
    host.drop("users/bob/other.yaml", containerSpec("other", { image: "bed/gpu:1", gpus }));
    await host.waitForReady("bob/other");
    await host.remove("bob/other");
  });

  it("must run when its owner says that it does without, as NVIDIA's toolkit lets them", async () => {
    const env = [{ name: "NVIDIA_DISABLE_REQUIRE", value: "1" }];
    host.drop("users/alice/anyway.yaml", containerSpec("anyway", { image: "bed/cuda13:1", gpus, env }));
    await host.waitForReady("alice/anyway");
    await host.remove("alice/anyway");
  });

  it("must start by itself once the driver is new enough", async () => {
    updateGpuState(host.engine.gpuState, (state) => {
      state.driverVersion = "580.65.06";
      state.cudaVersion = "13.0";
    });
    await host.waitForReady("alice/train", 90_000);
  });

  it("must be of no matter to what asks for no GPU", async () => {
    host.drop("users/bob/cpu.yaml", containerSpec("cpu", { image: "bed/cuda13:1" }));
    await host.waitForReady("bob/cpu");
  });
});
