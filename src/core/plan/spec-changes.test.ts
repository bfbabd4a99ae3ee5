import { expect, test } from "vitest";
import { spec } from "../../../test/support/world-builder.ts";
import { specChanges } from "./spec-changes.ts";

const before = spec({ resources: { memory: "1Gi", shmSize: "1Gi" }, priority: 1 });
const after = spec({ resources: { memory: "2Gi", shmSize: "2Gi" }, priority: 2 });

const effects = (stripsGpus: boolean): Record<string, string> =>
  Object.fromEntries(specChanges(before, after, stripsGpus).map(({ field, effect }) => [field, effect]));

test("a limit changes in place, unless that would take the container's GPUs away", () => {
  const others = { "spec.resources.shmSize": "forces recreate", "spec.priority": "no restart" };

  expect(effects(false)).toEqual({ "spec.resources.memory": "in place", ...others });
  expect(effects(true)).toEqual({ "spec.resources.memory": "forces recreate", ...others });
});

test("the weight of disk use changes in place, limits of single disks need a new container", () => {
  const io = (weight: number, rate: string) => {
    const devices = [{ path: "/dev/sda", readBytesPerSecond: rate }];
    return spec({ resources: { memorySwap: "none", io: { weight, devices } } });
  };
  const changes = specChanges(io(100, "1Mi"), io(200, "2Mi"));
  expect(changes.map(({ field, effect }) => [field, effect])).toEqual([
    ["spec.resources.io.weight", "in place"],
    ["spec.resources.io.devices", "forces recreate"],
  ]);
});
