import { describe, expect, test } from "vitest";
import { unmetRequirement } from "./cuda-fit.ts";

const driver = { version: "535.54.03", cudaVersion: "12.2" };
/** As NVIDIA's images of CUDA 12.4 have it, shortened. */
const ofImage = "cuda>=12.4 brand=tesla,driver>=470,driver<471 brand=unknown,driver>=525,driver<526";

describe("what an image needs of the driver", () => {
  test.each([
    ["nothing", {}],
    ["an older CUDA", { NVIDIA_REQUIRE_CUDA: "cuda>=11.8" }],
    ["the same", { NVIDIA_REQUIRE_CUDA: "cuda>=12.2" }],
    ["an alternative by the driver", { NVIDIA_REQUIRE_CUDA: "cuda>=12.4 driver>=535,driver<536" }],
    ["an alternative that only the toolkit can judge", { NVIDIA_REQUIRE_CUDA: "cuda>=12.4 brand=tesla" }],
    ["what is not to be asked", { NVIDIA_REQUIRE_CUDA: "cuda>=99", NVIDIA_DISABLE_REQUIRE: "true" }],
    [
      "a version that its requirement puts right",
      { CUDA_VERSION: "12.4.1", NVIDIA_REQUIRE_CUDA: "cuda>=12.0" },
    ],
    ["what nobody understands", { NVIDIA_REQUIRE_CUDA: "cuda~12", CUDA_VERSION: "latest" }],
  ])("is met: %s", (_name, environment) => {
    expect(unmetRequirement(environment, driver)).toBeNull();
  });

  test.each([
    [{ NVIDIA_REQUIRE_CUDA: "cuda>=12.4" }, "CUDA 12.4 or newer"],
    [{ NVIDIA_REQUIRE_CUDA: ofImage }, "CUDA 12.4 or newer"],
    [{ CUDA_VERSION: "12.4.1" }, "CUDA 12.4 or newer"],
    [{ NVIDIA_REQUIRE_CUDA: "cuda>=12.0", NVIDIA_REQUIRE_DRIVER: "driver>=550" }, "driver 550 or newer"],
    [{ NVIDIA_REQUIRE_CUDA: "cuda>=12.10" }, "CUDA 12.10 or newer"],
    [{ NVIDIA_REQUIRE_CUDA: "cuda<12.2" }, "CUDA 12.2 not reached"],
  ])("is not met: %j", (environment, wanted) => {
    expect(unmetRequirement(environment, driver)).toMatchObject({
      wanted,
      found: "CUDA 12.2 (driver 535.54.03)",
    });
  });

  test("is not judged where the driver does not say what it can do", () => {
    const silent = { version: null, cudaVersion: null };
    expect(unmetRequirement({ NVIDIA_REQUIRE_CUDA: "cuda>=99" }, silent)).toBeNull();
  });
});
