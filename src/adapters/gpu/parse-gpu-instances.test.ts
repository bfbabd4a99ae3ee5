import { describe, expect, test } from "vitest";
import { parseGpuInstances } from "./parse-gpu-instances.ts";

// As NVIDIA's documentation of MIG in Kubernetes prints it for an A100-40GB with seven slices.
const sevenSlices = `+----------------------------------------------------+
| GPU instances:                                     |
| GPU   Name          Profile  Instance   Placement  |
|                       ID       ID       Start:Size |
|====================================================|
|   0  MIG 1g.5gb       19        7          0:1     |
+----------------------------------------------------+
|   0  MIG 1g.5gb       19        8          1:1     |
+----------------------------------------------------+
|   0  MIG 1g.5gb       19       13          6:1     |
+----------------------------------------------------+
`;

// Drivers from R570 on print wider columns.
const wide = `+---------------------------------------------------------+
| GPU instances:                                          |
| GPU   Name               Profile  Instance   Placement  |
|                            ID       ID       Start:Size |
|=========================================================|
|   0  MIG 3g.71gb            9        2          0:4     |
+---------------------------------------------------------+
|  10  MIG 1g.10gb+me        20        9          4:1     |
+---------------------------------------------------------+
`;

describe("parseGpuInstances", () => {
  test("reads card, profile, instance and placement of every row", () => {
    const instances = parseGpuInstances(sevenSlices);
    expect(instances).toHaveLength(3);
    expect(instances[1]).toEqual({
      gpuIndex: 0,
      profile: "1g.5gb",
      profileId: 19,
      instanceId: 8,
      placement: { start: 1, size: 1 },
    });
  });

  test("reads tables of any width, profiles with a suffix, carriage returns", () => {
    const expected = [
      [0, "3g.71gb", 2, "0:4"],
      [10, "1g.10gb+me", 9, "4:1"],
    ];
    for (const text of [wide, wide.replaceAll("\n", "\r\n")]) {
      expect(
        parseGpuInstances(text).map(({ gpuIndex, profile, instanceId, placement }) => [
          gpuIndex,
          profile,
          instanceId,
          `${placement.start}:${placement.size}`,
        ]),
      ).toEqual(expected);
    }
  });

  test.each([
    "",
    "No GPU instances found: Not Found\n",
    "Insufficient Permissions",
    sevenSlices.replace("0:1 ", "0-1 "),
    sevenSlices.replace("19        8", "19        ?"),
    sevenSlices.slice(0, sevenSlices.indexOf("1:1") + 2),
  ])("refuses %j", (text) => {
    expect(() => parseGpuInstances(text)).toThrow(/mig -lgi answered with/);
  });
});
