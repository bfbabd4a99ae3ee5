import { describe, expect, it } from "vitest";
import { edited, running } from "../../test/support/one-object.ts";
import { record, startOfTest as now, world } from "../../test/support/world-builder.ts";
import type { ContainerStatus } from "../api/container.ts";
import { decide } from "./decide.ts";
import type { World } from "./world.ts";

const rejection = { reason: "SpecInvalid", message: "line 3: no such field", path: "x.yaml", problems: [] };

function conditionsOf({ conditions }: ContainerStatus): Record<string, string> {
  return Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
}

function away(start: World): ContainerStatus {
  return decide({ ...start, engineReady: false }, now + 60_000).status;
}

describe("the status while the engine does not answer", () => {
  it("says of a new object that its file is in effect and nothing else is known", () => {
    expect(conditionsOf(away(world()))).toEqual({ Accepted: "True", Ready: "Unknown" });
  });

  it("says that a file that was rejected meanwhile is not in effect", () => {
    const start = running();

    const status = away({ ...start, record: { ...start.record, rejection } });

    expect(conditionsOf(status)).toMatchObject({
      Accepted: "False",
      Ready: "Unknown",
      ImageReady: "Unknown",
    });
    expect(status.source.path).toBe("x.yaml");
  });

  it("says that a file that was corrected meanwhile is in effect, for the generation it has now", () => {
    const before = decide(world({ record: record({ rejection }) }), now).status;
    const corrected = world({ record: record({ status: before, generation: 2 }) });

    const status = away(corrected);

    expect(conditionsOf(status)).toMatchObject({ Accepted: "True", Ready: "Unknown" });
    expect(status.conditions.map(({ observedGeneration }) => observedGeneration)).toEqual(
      status.conditions.map(() => 2),
    );
  });

  it("leaves the phase with the generation that it was told of", () => {
    const start = running();
    const { generation, status } = start.record;
    expect(status).toMatchObject({ phase: "Running", observedGeneration: generation });

    const first = edited(start, { desiredState: "Stopped" });
    const told = away(first);
    expect(first.record.generation).toBeGreaterThan(generation);
    expect(told).toMatchObject({ phase: "Running", observedGeneration: generation });
    const again = away({ ...first, record: { ...first.record, status: told } });
    expect(again.observedGeneration).toBe(generation);
    const { record: edits } = first;
    const back = decide({ ...first, record: { ...edits, status: again } }, now + 120_000).status;
    expect(back.observedGeneration).toBe(edits.generation);
  });

  it("names no condition twice", () => {
    const { conditions } = away(edited(running(), { priority: 1 }));

    expect(new Set(conditions.map(({ type }) => type)).size).toBe(conditions.length);
    expect(conditions.length).toBeGreaterThan(3);
  });
});
