import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseList } from "./parse-list.ts";

const h100 = `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-b4895dbf-9350-2524-a89b-98161ddd9fe4)
  MIG 3g.40gb     Device  0: (UUID: MIG-7089d0f3-293f-58c9-8f8c-5ea666eedbde)
  MIG 2g.20gb     Device  1: (UUID: MIG-56c30729-347f-5dd6-8da0-c3cc59e969e0)
  MIG 1g.10gb+me  Device 10: (UUID: MIG-9d14fb21-4ae1-546f-a636-011582899c39)
`;

describe("parseList", () => {
  test("reads GPUs with their MIG devices", () => {
    expect(parseList(h100)).toEqual([
      {
        index: 0,
        name: "NVIDIA H100 80GB HBM3",
        uuid: "GPU-b4895dbf-9350-2524-a89b-98161ddd9fe4",
        migDevices: [
          { deviceIndex: 0, profile: "3g.40gb", uuid: "MIG-7089d0f3-293f-58c9-8f8c-5ea666eedbde" },
          { deviceIndex: 1, profile: "2g.20gb", uuid: "MIG-56c30729-347f-5dd6-8da0-c3cc59e969e0" },
          { deviceIndex: 10, profile: "1g.10gb+me", uuid: "MIG-9d14fb21-4ae1-546f-a636-011582899c39" },
        ],
      },
    ]);
  });

  test("reads the legacy names of R450", () => {
    const listed = parseList(`GPU 0: A100-SXM4-40GB (UUID: GPU-4200ccc0-2667-d4cb-9137-f932c716232a)
  MIG 1g.5gb Device 0: (UUID: MIG-GPU-4200ccc0-2667-d4cb-9137-f932c716232a/7/0)
  MIG 1g.5gb Device 1: (UUID: MIG-GPU-4200ccc0-2667-d4cb-9137-f932c716232a/8/0)`);
    expect(listed[0]?.migDevices.map(({ uuid }) => uuid)).toEqual([
      "MIG-GPU-4200ccc0-2667-d4cb-9137-f932c716232a/7/0",
      "MIG-GPU-4200ccc0-2667-d4cb-9137-f932c716232a/8/0",
    ]);
  });

  test("reads compute slices that share one instance", () => {
    const listed = parseList(`GPU 0: NVIDIA H200 (UUID: GPU-00000000-0000-0000-0000-000000000000)
  MIG 1c.3g.71gb  Device  0: (UUID: MIG-00000000-0000-0000-0000-000000000000)
  MIG 2c.3g.71gb  Device  1: (UUID: MIG-00000001-0000-0000-0000-000000000001)`);
    expect(listed[0]?.migDevices.map(({ profile }) => profile)).toEqual(["1c.3g.71gb", "2c.3g.71gb"]);
  });

  test("takes brackets in a name, capital UUIDs, CRLF and remarks between the lines", () => {
    const listed = parseList(
      "WARNING: infoROM is corrupted at gpu 0000:83:00.0\r\nGPU 12: Odd (UUID: x) Card (UUID: GPU-B4895DBF-9350-2524-A89B-98161DDD9FE4)\r\n",
    );
    expect(listed).toMatchObject([
      { index: 12, name: "Odd (UUID: x) Card", uuid: "GPU-B4895DBF-9350-2524-A89B-98161DDD9FE4" },
    ]);
  });

  test.each([
    ["nothing", ""],
    ["no devices", "No devices were found\n"],
    ["a line that breaks off", h100.slice(0, -20)],
    ["a MIG device first", h100.split("\n")[1] ?? ""],
    ["one UUID twice", h100 + h100],
  ])("refuses %s", (_name, output) => {
    expect(() => parseList(output)).toThrow(/nvidia-smi -L answered with/);
  });

  test("property: any prefix gives whole GPUs or an error, never a crippled device", () => {
    const whole = parseList(h100);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: h100.length }), (length) => {
        let listed: ReturnType<typeof parseList>;
        try {
          listed = parseList(h100.slice(0, length));
        } catch (error) {
          expect(error).toHaveProperty("reason", "NvidiaSmiGarbled");
          return;
        }
        expect(listed).toHaveLength(1);
        for (const device of listed[0]?.migDevices ?? []) expect(whole[0]?.migDevices).toContainEqual(device);
      }),
    );
  });
});
