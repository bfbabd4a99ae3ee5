import { describe, expect, test } from "vitest";
import { parseSimulatedGpus } from "./simulated-file.ts";

describe("parseSimulatedGpus", () => {
  test("reads GPUs and slices, in YAML or JSON alike, with the same UUIDs each time", () => {
    const yaml = `gpus:
  - {model: NVIDIA A100-SXM4-80GB, memory: 80Gi, utilization: 40}
  - {model: NVIDIA A100-SXM4-80GB, memory: 80Gi, mig: [3g.40gb, 2g.20gb], state: unhealthy}
  - {uuid: GPU-mine, index: 7, model: NVIDIA A30, memory: 24Gi, mig: []}
`;
    const { devices, usage } = parseSimulatedGpus(yaml);
    expect(
      devices.map(({ slot, profile, healthy, migEnabled }) => [slot, profile, healthy, migEnabled]),
    ).toEqual([
      ["0", null, true, false],
      ["1", null, false, true],
      ["1:0", "3g.40gb", false, false],
      ["1:1", "2g.20gb", false, false],
      ["7", null, true, true],
    ]);
    expect(devices[4]?.uuid).toBe("GPU-mine");
    expect(devices[2]).toMatchObject({ parentUuid: devices[1]?.uuid, memoryBytes: 40 * 1024 ** 3 });
    for (const device of devices.slice(0, 4))
      expect(device.uuid).toMatch(/^(?:GPU|MIG)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const json = JSON.stringify({ gpus: [{ model: "NVIDIA A100-SXM4-80GB", memory: "80Gi" }] });
    expect(parseSimulatedGpus(json).devices).toEqual(devices.slice(0, 1));
    expect(devices.map(({ uuid }) => usage.get(uuid)?.utilizationPercent)).toEqual([
      40,
      null,
      null,
      null,
      null,
    ]);
    expect([...parseSimulatedGpus(json).usage.values()]).toMatchObject([
      { utilizationPercent: 0, processes: [] },
    ]);
  });

  test.each([
    ["", /expected object/],
    ["gpus: [{model: x, memory: lots}]", /gpus\[0\]\.memory/],
    ["gpus: [{model: x, memory: 1Gi, wrong: 1}]", /wrong/],
    [
      "gpus: [{uuid: a, model: x, memory: 1Gi}, {uuid: a, model: x, memory: 1Gi}]",
      /uuid a stands there twice/,
    ],
    ["gpus: [{index: 1, model: x, memory: 1Gi}, {model: x, memory: 1Gi}]", /slot 1 stands there twice/],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseSimulatedGpus(text)).toThrow(message);
  });
});
