import { describe, expect, it } from "vitest";
import { changed, ended, running } from "../../../test/support/one-object.ts";
import { admittedQuota } from "../../../test/support/quotas.ts";
import { record, spec, startOfTest as now, world } from "../../../test/support/world-builder.ts";
import { decide } from "../decide.ts";
import { specHash } from "../plan/spec-hash.ts";
import type { World } from "../world.ts";
import { aggregateAmounts } from "./aggregate.ts";
import { limitUnavailable, type AggregateState } from "./aggregate-state.ts";
import { effectiveLimits } from "./effective.ts";
import { resolveQuota } from "./resolve.ts";
import { violations } from "./violations.ts";

const gi = 1024 ** 3;
const minute = 60_000;
const students = admittedQuota(
  "students",
  {
    subjects: { users: ["alice"] },
    perContainer: { default: { memory: "16Gi", cpus: 2 } },
    aggregate: { cpus: 4, memory: "8Gi", pids: 100 },
  },
  { "spec.aggregate.memory": 7 },
);
const facts = { object: "alice/train", devices: [], realPaths: new Map() };
const standing: AggregateState = { parent: "/ds01/students/alice", problem: null, held: null };
const broken: AggregateState = {
  ...standing,
  problem: limitUnavailable("alice", "/ds01/students/alice exists already", "remove it"),
};

const withState = (start: World, aggregate: AggregateState | null): World => ({ ...start, aggregate });

describe("spec.aggregate", () => {
  it("must be resolved field by field, and be nothing where all is unlimited", () => {
    const everybody = admittedQuota("default", {
      subjects: { default: true },
      aggregate: { pids: 50, cpus: "unlimited" },
    });
    const own = admittedQuota("own", { subjects: { users: ["alice"] }, aggregate: { memory: "1Gi" } });
    const alice = resolveQuota("alice", [], [everybody, own]);
    expect(aggregateAmounts(alice)).toEqual({ cpus: null, memoryBytes: gi, pids: 50 });
    expect(aggregateAmounts(resolveQuota("bob", [], [own]))).toBeNull();
    const nothing = admittedQuota("n", { subjects: { default: true }, aggregate: { pids: "unlimited" } });
    expect(aggregateAmounts(resolveQuota("bob", [], [nothing]))).toBeNull();
  });

  it("must refuse a container that asks for more than all together may have, with the numbers and the place", () => {
    const quota = resolveQuota("alice", [], [students]);
    const asked = spec({ resources: { memory: "9Gi", cpus: 4, pidsLimit: 101 } });
    expect(violations(asked, quota, facts).map(({ message }) => message)).toEqual([
      'alice/train asks for 9Gi of memory; quota "students" allows 8Gi in all (quotas/students.yaml:7): lower spec.resources.memory or ask an admin',
      'alice/train asks for 101 processes; quota "students" allows 100 in all (quotas/students.yaml): lower spec.resources.pidsLimit or ask an admin',
    ]);
  });

  it("must bound what a quota gives to one container", () => {
    const limits = effectiveLimits(spec(), resolveQuota("alice", [], [students]), () => "");
    expect(limits.memoryBytes).toMatchObject({ value: 8 * gi, origin: { place: "quotas/students.yaml:7" } });
    expect(limits.cpus.value).toBe(2);
    // What names no limit and is given none is bounded by the cgroup alone.
    expect(limits.pidsLimit.value).toBeNull();
  });
});

describe("the cgroup around all containers of a user", () => {
  it("must be the parent of a new container, and of none where nothing limits them together", () => {
    const create = (start: World) => decide(start, now).steps.find(({ do: what }) => what === "create");
    expect(create(withState(world({}, [students]), standing))).toMatchObject({
      container: { cgroupParent: "/ds01/students/alice" },
    });
    expect(create(world())).toMatchObject({ container: { cgroupParent: null } });
  });

  it("must change neither hash nor container of what exists already elsewhere", () => {
    const own = record({ spec: spec({ image: "a", command: ["b"] }) });
    expect(specHash(own.spec ?? spec())).toBe(
      "v1:6ebad5b1a83e358f571fe9d756d78c7ca41818f0ece2cbf8684eadbcc56df3f6",
    );
    const before = withState(running({}, []), null);
    expect(decide(before, now + minute).steps).toEqual([]);
    expect(
      decide(withState(running({}, [students]), standing), now + minute).steps.map(({ do: what }) => what),
    ).not.toContain("create");
  });

  it.each([
    ["made", (): World => world({}, [students])],
    ["started again", (): World => changed(running({}, [students]), ended(now + minute, 1))],
  ])("must be there before anything is %s, and say why it is not", (_what, start) => {
    const { steps, status, requeueAt } = decide(withState(start(), broken), now + 2 * minute);
    expect(steps).toEqual([]);
    expect(status).toMatchObject({ reason: "AggregateLimitUnavailable" });
    expect(status.message).toContain("/ds01/students/alice exists already; remove it");
    expect(requeueAt).toBe(now + 2 * minute + 5000);
  });

  it("must leave what runs alone when it cannot be limited", () => {
    const start = withState(
      running({}, [admittedQuota("q", { subjects: { default: true }, aggregate: { pids: 9 } })]),
      broken,
    );
    const { steps, status } = decide(start, now + minute);
    expect({ steps, phase: status.phase }).toEqual({ steps: [], phase: "Running" });
  });
});
