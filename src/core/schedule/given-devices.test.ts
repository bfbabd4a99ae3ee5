import { describe, expect, test } from "vitest";
import { migGpu } from "../../../test/support/devices.ts";
import type { Device } from "./device.ts";
import { describeGone, goneDevices, inPlaceOf, sliceLabel } from "./given-devices.ts";

/** GPU 0 cut as written: `2g.20gb@4:2`. UUIDs are those of the place in the list, as the driver gives them again. */
function cut(...slices: readonly string[]): readonly Device[] {
  const [card, ...rest] = migGpu(
    0,
    slices.map((text) => text.split("@")[0] ?? ""),
  );
  if (card === undefined) return [];
  const placed = rest.map((device, index): Device => {
    const [start = 0, size = 1] = (slices[index]?.split("@")[1] ?? "").split(":").map(Number);
    return { ...device, placement: { start, size } };
  });
  return [card, ...placed];
}

function made(...devices: readonly (Device | undefined)[]): { readonly labels: Record<string, string> } {
  const known = devices.filter((device) => device !== undefined);
  return {
    labels: {
      "ds01.gpu.uuids": known.map(({ uuid }) => uuid).join(","),
      "ds01.gpu.slots": known.map(({ slot }) => slot).join(","),
      "ds01.gpu.slices": sliceLabel(known),
    },
  };
}

/** As it is told where `mig -lgi` may not be asked. */
function unplaced(device: Device): Device {
  const copy: { placement?: Device["placement"] } & Omit<Device, "placement"> = { ...device };
  delete copy.placement;
  return copy as Device;
}

const before = cut("3g.40gb@0:4", "2g.20gb@4:2");
const holder = made(before[2]);
const gone = (devices: readonly Device[]): readonly string[] =>
  goneDevices(holder, devices).map(({ uuid, slot }) => `${slot} ${uuid}`);

describe("a slice that was given out", () => {
  test("is what it was while UUID, profile and place are, whatever its number", () => {
    expect(gone(before)).toEqual([]);
    expect(
      gone(before.map((device) => ({ ...device, index: 5, slot: device.slot.replace("0", "5") }))),
    ).toEqual([]);
    expect(gone(before.map(unplaced))).toEqual([]);
  });

  test.each([
    ["is not listed any more", cut("3g.40gb@0:4")],
    ["comes again elsewhere under its UUID", cut("2g.20gb@0:2", "2g.20gb@2:2")],
    ["comes again with another profile under its UUID", cut("3g.40gb@0:4", "1g.20gb@4:2")],
    ["has gone with MIG mode", before.slice(0, 1).map((device) => ({ ...device, migEnabled: false }))],
  ])("is gone when it %s", (_case, after) => {
    expect(gone(after)).toEqual(["0:1 MIG-0-1"]);
  });

  test("is not said to be gone with its whole card, nor while the card does not answer", () => {
    expect(gone([])).toEqual([]);
    expect(gone(before.slice(0, 1).map((device) => ({ ...device, healthy: false })))).toEqual([]);
  });

  test("tells nothing where its label is older than the rule", () => {
    const labels = { ...holder.labels, "ds01.gpu.slices": "" };
    expect(goneDevices({ labels }, cut("3g.40gb@0:4"))).toEqual([]);
  });

  test("keeps from others what lies in its place, the new bearer of its UUID, and the card when it is whole", () => {
    const [given] = goneDevices(holder, cut("3g.40gb@0:4"));
    expect(given).toBeDefined();
    const uuids = (devices: readonly Device[]): readonly string[] =>
      given === undefined ? [] : inPlaceOf(given, devices).map(({ uuid }) => uuid);
    expect(uuids(cut("1g.10gb@0:1", "2g.20gb@2:2", "1g.10gb@4:1", "1g.10gb@5:1", "1g.10gb@6:1"))).toEqual([
      "MIG-0-1",
      "MIG-0-2",
      "MIG-0-3",
    ]);
    expect(uuids(before.slice(0, 1).map((device) => ({ ...device, migEnabled: false })))).toEqual(["GPU-0"]);
    const somewhere = cut("1g.10gb@0:1", "1g.10gb@1:1").map(unplaced);
    expect(uuids(somewhere)).toEqual(["MIG-0-0", "MIG-0-1"]);
  });
});

test("a whole GPU that was given out and then cut is gone, and so is everything on it", () => {
  const whole = before.slice(0, 1).map((device) => ({ ...device, migEnabled: false }));
  const [given, ...others] = goneDevices(made(whole[0]), before);
  expect(others).toEqual([]);
  expect(given === undefined ? [] : inPlaceOf(given, before).map(({ uuid }) => uuid)).toEqual([
    "GPU-0",
    "MIG-0-0",
    "MIG-0-1",
  ]);
  expect(describeGone([given].filter((one) => one !== undefined))).toBe(
    "GPU 0 is not there any more: its card was cut anew from outside ds01",
  );
});
