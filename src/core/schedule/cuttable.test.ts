import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease, migGpu } from "../../../test/support/devices.ts";
import type { CutPart, CutProfile } from "./cut.ts";
import { cuttableSlices, fittingProfiles } from "./cuttable.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import { schedule } from "./queue.ts";

const gi = 1024 ** 3;
const profiles: readonly CutProfile[] = [
  { name: "1g.10gb+me", id: 20, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 1, memoryBytes: 9.5 * gi },
  { name: "1g.10gb", id: 19, size: 1, starts: [0, 1, 2, 3, 4, 5, 6], most: 7, memoryBytes: 9.5 * gi },
  { name: "1g.20gb", id: 15, size: 2, starts: [0, 2, 4, 6], most: 4, memoryBytes: 19.5 * gi },
  { name: "2g.20gb", id: 14, size: 2, starts: [0, 2, 4], most: 3, memoryBytes: 19.5 * gi },
  { name: "7g.80gb", id: 0, size: 8, starts: [0], most: 1, memoryBytes: 78.75 * gi },
];

/** A card in MIG mode without slices but `parts`, that ds01 may cut or not. */
function card(index: number, byDs01: boolean, parts: readonly CutPart[] = []): Device {
  return gpu(index, { migEnabled: true, cutting: { profiles, parts, byDs01 } });
}

const either = { migAllowed: { full: true, profiles: null } };

function outcomeOf(
  change: Partial<DeviceDemand>,
  devices: readonly Device[],
  leases: readonly Lease[] = [],
): { readonly reason: string; readonly message: string } {
  const wish = demand("a", change);
  const formatTime = String;
  const input = { demands: [wish], inventory: inventory(devices), leases, now: 0, formatTime };
  const outcome = schedule({ strategy: "leastAllocated", ...input }).get("a");
  return outcome?.type === "waiting" ? outcome : { reason: "assigned", message: "" };
}

describe("slices that ds01 could cut", () => {
  const names = (change: Partial<DeviceDemand>): readonly string[] =>
    fittingProfiles(demand("a", change), { card: card(0, true), cutting: { profiles, parts: [] } }, []).map(
      ({ name }) => name,
    );

  test("are those that would do by themselves, smallest first, without those that another can stand for", () => {
    expect(names(either)).toEqual(["1g.10gb"]);
    expect(names({ ...either, minMemoryBytes: 15 * gi })).toEqual(["1g.20gb"]);
    expect(names({ ...either, minMemoryBytes: 30 * gi })).toEqual(["7g.80gb"]);
    expect(names({ ...either, minMemoryBytes: 80 * gi })).toEqual([]);
    expect(names({ migAllowed: { full: true, profiles: ["1g.10gb+me", "7g.80gb"] } })).toEqual([
      "1g.10gb+me",
      "7g.80gb",
    ]);
    expect(names({ ...either, minComputeCapability: "8.0" })).toEqual(["1g.10gb"]);
    expect(names({ ...either, minComputeCapability: "8.6" })).toEqual([]);
    expect(names({ ...either, models: ["*H100*"] })).toEqual([]);
    expect(names({})).toEqual([]);
    expect(names({ sharers: 4 })).toEqual([]);
    expect(names({ profile: "2g.20gb" })).toEqual(["2g.20gb"]);
  });

  test("are none where the card does not tell its capability", () => {
    const unknown = { ...card(0, true), computeCapability: null };
    expect(cuttableSlices(demand("a", { ...either, minComputeCapability: "8.0" }), [unknown])).toEqual([]);
    expect(cuttableSlices(demand("a", either), [unknown])).toHaveLength(7);
  });

  test("are as many as a card has room for when it is empty", () => {
    const count = (change: Partial<DeviceDemand>, byDs01 = true): number =>
      cuttableSlices(demand("a", change), [card(0, byDs01), gpu(1)]).length;
    expect(count(either)).toBe(7);
    expect(count({ ...either, minMemoryBytes: 15 * gi })).toBe(4);
    expect(count({ profile: "2g.20gb" })).toBe(3);
    expect(count(either, false)).toBe(0);
  });
});

describe("a request for a slice or a GPU where ds01 may cut", () => {
  test("waits for what can be cut, and says what ds01 does", () => {
    const wish = { ...either, minMemoryBytes: 15 * gi };
    expect(outcomeOf(wish, [card(0, true)])).toMatchObject({
      reason: "WaitingForDevices",
      message: expect.stringContaining("ds01 cuts a slice 1g.20gb of GPU 0 for it.") as string,
    });
    const whole = { profile: "7g.80gb", placement: { start: 0, size: 8 } };
    const [, slice] = migGpu(0, ["7g.80gb"]) as [Device, Device];
    const taken = outcomeOf(wish, [card(0, true, [whole]), slice], [lease(slice.uuid, "bob/b")]);
    expect(taken).toMatchObject({
      reason: "WaitingForDevices",
      message: expect.stringContaining("No card that ds01 may cut has room for it now (1g.20gb).") as string,
    });
  });

  test("says what an admin can cut where ds01 may not", () => {
    expect(outcomeOf({ ...either, minMemoryBytes: 15 * gi }, [card(0, false)])).toMatchObject({
      reason: "NoMatchingDevice",
      message: expect.stringContaining(
        "GPU 0 has room for a slice 1g.20gb, which an admin can cut: nvidia-smi mig -i 0 -cgi 15:6 -C",
      ) as string,
    });
  });

  test("can never be when no layout has as many, and says how many there are", () => {
    const wish = { ...either, minMemoryBytes: 15 * gi, count: 5 };
    expect(outcomeOf(wish, [card(0, true)])).toMatchObject({
      reason: "NoMatchingDevice",
      message: expect.stringContaining("This host has 4 such at most: lower spec.gpus.count to 4") as string,
    });
    expect(outcomeOf(wish, [card(0, true), gpu(1)]).reason).toBe("WaitingForDevices");
  });

  test("waits for its quota only where the smallest slice is beyond that", () => {
    const quota = (quotaLeft: number) => ({ ...either, quotaLeft, quotaText: 'quota "q" allows little' });
    expect(outcomeOf(quota(0.2), [card(0, true)]).reason).toBe("WaitingForDevices");
    expect(outcomeOf(quota(0.1), [card(0, true)]).reason).toBe("WaitingForQuota");
    // What is free is beyond it, what can be cut is not.
    expect(outcomeOf(quota(0.2), [card(0, true), gpu(1)])).toMatchObject({
      reason: "WaitingForQuota",
      message: expect.stringContaining("ds01 cuts a slice 1g.10gb of GPU 0 for it.") as string,
    });
  });
});
