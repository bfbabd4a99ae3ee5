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
