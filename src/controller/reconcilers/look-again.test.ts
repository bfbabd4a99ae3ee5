import { describe, expect, it } from "vitest";
import { edited, running } from "../../../test/support/one-object.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { record, spec, startOfTest as now, world } from "../../../test/support/world-builder.ts";
import { decide } from "../../core/decide.ts";
import type { World } from "../../core/world.ts";
import { resultOf } from "./look-again.ts";

const hour = 3_600_000;
const all = [
  admittedQuota("all", { subjects: { default: true }, policy: { hostPaths: [{ path: "/home/alice/**" }] } }),
];
const volumes = [{ name: "v", mountPath: "/v", hostPath: { path: "/home/alice/v" } }];
const stands = (kind: "Directory" | "Missing"): Pick<World, "hostPaths"> => ({
  hostPaths: new Map([["/home/alice/v", { realPath: "/home/alice/v", kind }]]),
});
const lookOf = (object: World, at = now): unknown => resultOf(decide(object, at), at);

describe("what waits without a deadline of its own", () => {
  it("is looked at soon where nothing tells that what it waits for is there", () => {
    const own = world({ record: record({ spec: spec({ volumes }) }), ...stands("Missing") }, all);
    expect(decide(own, now).fact.reason).toBe("MountMissing");
    expect(lookOf(own)).toEqual({ requeueAt: now + 5000 });
  });

  it("is looked at as soon beside a container that runs until its maxRuntime, but not after that", () => {
    const lifecycle = { maxRuntime: "1h" };
    const start = running({ lifecycle }, all);
    const waiting = { ...edited(start, { lifecycle, volumes }), ...stands("Missing") };
    const decision = decide(waiting, now + 60_000);
    expect(decision).toMatchObject({
      steps: [],
      fact: { type: "waiting", reason: "MountMissing", at: null },
    });
    expect(decision.requeueAt).toBeGreaterThan(now + hour - 60_000);
    expect(lookOf(waiting, now + 60_000)).toEqual({ requeueAt: now + 65_000 });
    const ends = decision.requeueAt ?? 0;
    expect(lookOf(waiting, ends - 1000)).toEqual({ requeueAt: ends });
  });

  it("is left alone until its own time where it has one, as is what runs", () => {
    const start = running({ lifecycle: { maxRuntime: "1h" } }, all);
    expect(decide(start, now + 60_000).fact.type).toBe("container.running");
    expect(lookOf(start, now + 60_000)).toEqual({ requeueAt: decide(start, now + 60_000).requeueAt });
    const taken = world({ nameTakenBy: "train._.alice" });
    expect(decide(taken, now).fact.reason).toBe("NameConflict");
    expect(lookOf(taken)).toEqual({ requeueAt: now + 30_000 });
  });
});

it("is looked at again at once after its steps, to see what came of them", () => {
  const start = world({ record: record({ spec: spec({}) }) }, all);
  expect(decide(start, now).steps.map(({ do: step }) => step)).toEqual(["create", "start"]);
  expect(lookOf(start)).toEqual({ requeue: true });
});
