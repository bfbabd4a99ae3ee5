import { expect, test } from "vitest";
import { engineDevices, type InfoJson } from "./engine-devices.ts";

test.each<[InfoJson, readonly string[]]>([
  [{ CgroupVersion: "2", SwapLimit: true, Warnings: null }, []],
  [{ CgroupVersion: "2", SwapLimit: true, Warnings: ["WARNING: No io.weight support"] }, ["io.weight"]],
  [
    { CgroupVersion: "2", SwapLimit: false, Warnings: ["WARNING: No io.max (rbps) support"] },
    ["memorySwap", "io.devices"],
  ],
  [{ CgroupVersion: "1", SwapLimit: true, KernelVersion: "4.19.0-21-amd64" }, []],
  [{ CgroupVersion: "1", SwapLimit: true, KernelVersion: "5.15.0-91-generic" }, ["io.weight"]],
  [
    {
      CgroupVersion: "1",
      KernelVersion: "4.4.0",
      Warnings: ["WARNING: No swap limit support", "WARNING: No blkio throttle.read_bps_device support"],
      SwapLimit: false,
    },
    ["memorySwap", "io.devices"],
  ],
  [
    { CgroupVersion: "1", KernelVersion: "4.4.0", Warnings: ["WARNING: No blkio weight support"] },
    ["io.weight"],
  ],
])("of an engine that says %j it is known that it cannot limit %j", (info, expected) => {
  expect(engineDevices(info, false).cannotLimit).toEqual(expected);
});
