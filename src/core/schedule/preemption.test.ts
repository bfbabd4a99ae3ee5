import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease } from "../../../test/support/devices.ts";
import { allocate } from "./allocate.ts";
import {
  candidates,
  defaultPreemption,
  fewestOf,
  leasesWithout,
  losesHold,
  nominate,
  reasonToGiveWay,
  stillStands,
  type Tenant,
} from "./preemption.ts";

const minute = 60_000;

function tenant(uid: string, change: Partial<Tenant> = {}): Tenant {
  return {
    uid,
    namespace: "bob",
    name: uid,
    deviceUuids: [],
    priority: 50,
    borrowed: false,
    preemptible: false,
    held: false,
    startedAt: 0,
    preemptionsToday: 0,
    graceMs: 30_000,
    recentHours: 0,
    ...change,
  };
}

describe("who gives way", () => {
  const asking = demand("asking", { priority: 60 });

  test.each<[Partial<Tenant>, ReturnType<typeof reasonToGiveWay>]>([
    [{}, undefined],
    [{ priority: 0 }, undefined],
    [{ borrowed: true, priority: 100 }, "borrowed"],
    [{ preemptible: true, priority: 59 }, "preemptible"],
    [{ preemptible: true, priority: 60 }, undefined],
    [{ borrowed: true, held: true }, undefined],
  ])("%j: %s", (change, expected) => {
    expect(reasonToGiveWay(tenant("x", change), asking)).toBe(expected);
  });

  test("nothing that has just begun, or has given way often enough today", () => {
    const all = [
      tenant("young", { borrowed: true, startedAt: 10 * minute - 1 }),
      tenant("tired", { borrowed: true, preemptionsToday: 5 }),
      tenant("low", { preemptible: true, priority: 10 }),
      tenant("old", { borrowed: true, startedAt: minute }),
      tenant("new", { borrowed: true, startedAt: 2 * minute }),
      tenant("greedy", { borrowed: true, recentHours: 9 }),
    ];
    const found = candidates(asking, all, defaultPreemption, 10 * minute);
    expect(found.map(({ uid }) => uid)).toEqual(["greedy", "new", "old", "low"]);
  });

  test("what is only held goes by the policy", () => {
    const held = tenant("held", { held: true, priority: 60 });
    const policies = ["never", "higherPriority", "always"] as const;
    expect(policies.map((policy) => losesHold(held, asking, policy))).toEqual([false, false, true]);
    const lower = { ...held, priority: 59 };
    expect(policies.map((policy) => losesHold(lower, asking, policy))).toEqual([false, true, true]);
  });

  test("a nomination stands until one of those who give way no longer has to", () => {
    const victim = tenant("victim", { borrowed: true });
    const nomination = nominate(asking, { tenants: [victim], devices: [gpu(0)] }, defaultPreemption, 0);
    expect(nomination).toMatchObject({ devices: ["GPU-0"], at: 30_000, expiresAt: 120_000 });
    expect(stillStands(nomination, asking, [victim])).toBe(true);
    expect(stillStands(nomination, asking, [])).toBe(true);
    expect(stillStands(nomination, asking, [{ ...victim, borrowed: false }])).toBe(false);
  });
});

test("those who give way are enough, and none of them could be spared", () => {
  const scene = fc.record({
    gpus: fc.integer({ min: 1, max: 8 }),
    count: fc.integer({ min: 1, max: 8 }),
    sizes: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 }),
    fixed: fc.nat(3),
  });
  fc.assert(
    fc.property(scene, ({ gpus, count, sizes, fixed }) => {
      const devices = Array.from({ length: gpus }, (_, index) => gpu(index));
      const free = devices.map(({ uuid }) => uuid);
      const kept = free.splice(0, fixed).map((uuid) => lease(uuid, "carol/fixed"));
      const tenants = sizes.map((size, index) => tenant(`t${index}`, { deviceUuids: free.splice(0, size) }));
      const leases = [
        ...kept,
        ...tenants.flatMap(({ uid, deviceUuids }) => deviceUuids.map((uuid) => lease(uuid, `bob/${uid}`))),
      ];
      const asking = demand("asking", { count });
      const without = (uids: ReadonlySet<string>) =>
        allocate(asking, {
          inventory: inventory(devices),
          strategy: "leastAllocated",
          leases: leasesWithout(leases, uids),
        });
      const choice = fewestOf(tenants, without);
      const everybody = new Set(tenants.map(({ uid }) => uid));
      expect(choice === undefined).toBe(without(everybody).type === "shortage");
      if (choice === undefined) return;
      const uids = choice.tenants.map(({ uid }) => uid);
      expect(without(new Set(uids)).type).toBe("allocated");
      for (const spared of uids) {
        expect(without(new Set(uids.filter((uid) => uid !== spared))).type).toBe("shortage");
      }
    }),
  );
});
