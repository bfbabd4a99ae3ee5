import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fitsWithin, formatGpuEquivalents, gpuEquivalentsOf } from "./gpu-equivalents.ts";

describe("GPU-equivalents", () => {
  test.each([
    [null, "NVIDIA A100-SXM4-80GB", "1"],
    ["2g.20gb", "NVIDIA A100-SXM4-80GB", "0.286"],
    ["1g.10gb+me", "NVIDIA H100 80GB HBM3", "0.143"],
    ["1c.3g.71gb", "NVIDIA H200", "0.143"],
    ["7g.80gb", "NVIDIA A100-SXM4-80GB", "1"],
    ["2g.12gb", "NVIDIA A30", "0.5"],
    ["1g.5gb", "NVIDIA A300", "0.143"],
  ])("of %s on %s are %s", (profile, model, expected) => {
    expect(formatGpuEquivalents(gpuEquivalentsOf(profile, model))).toBe(expected);
  });

  test("seven slices of 1g fit one GPU exactly, an eighth does not, summed in any way", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (gpus) => {
        const slice = gpuEquivalentsOf("1g.10gb", "NVIDIA A100-SXM4-80GB");
        let sum = 0;
        for (let count = 0; count < gpus * 7; count += 1) sum += slice;
        expect(fitsWithin(sum, gpus)).toBe(true);
        expect(fitsWithin(slice * gpus * 7, gpus)).toBe(true);
        expect(fitsWithin(sum + slice, gpus)).toBe(false);
      }),
    );
  });
});
