import { describe, expect, it } from "vitest";
import { record, spec, startOfTest as now, world } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import { renderPlan } from "./plan/render-plan.ts";
import type { World } from "./world.ts";

const minute = 60_000;

describe("an image that is not here", () => {
  it("names the images here that may have been meant", () => {
    const own = record({ spec: spec({ image: "pytorch:2.5", imagePullPolicy: "Never" }) });
    const image = { type: "missing", similar: ["pytorch/pytorch:2.5", "lab/pytorch:2.5"] } as const;
    const decision = decide(world({ record: own, image }), now);

    expect(decision.status.message).toBe(
      "image pytorch:2.5 is not on this host and imagePullPolicy is Never: load or build it here; did you mean pytorch/pytorch:2.5 or lab/pytorch:2.5, which is here?",
    );
  });

  it.each(["Never", "IfNotPresent"])(
    "tags an alias that is here, and does not pull: %s",
    (imagePullPolicy) => {
      const own = record({ spec: spec({ imageAliases: ["other:1"], imagePullPolicy }) });
      const decision = decide(world({ record: own, image: { type: "missing", alias: "other:1" } }), now);

      expect(renderPlan(decision.steps)).toBe(
        "1 tag other:1 as bed/base:1: bed/base:1 is not here, and its alias other:1 is",
      );
      expect(decision.status.phase).toBe("Preparing");
    },
  );

  it("asks the registry first where the policy is Always, and tags an alias when that does not know the name", () => {
    const failed = (reason: string): World => {
      const failure = {
        generation: 1,
        step: "pull",
        reason,
        message: "",
        stalled: true,
        attempts: 1,
        nextAt: now + minute,
      };
      const own = record({ spec: spec({ imageAliases: ["other:1"], imagePullPolicy: "Always" }) });
      const memory = { ...own.memory, generation: 1, failure };
      return world({ record: { ...own, memory }, image: { type: "missing", alias: "other:1" } });
    };
    const own = record({ spec: spec({ imageAliases: ["other:1"], imagePullPolicy: "Always" }) });
    const before = world({ record: own, image: { type: "missing", alias: "other:1" } });

    expect(decide(before, now).steps.map((step) => step.do)).toEqual(["pull"]);
    expect(decide(failed("ImageNotFound"), now).steps.map((step) => step.do)).toEqual(["tag"]);
    expect(decide(failed("RegistryUnreachable"), now).steps).toEqual([]);
  });
});
