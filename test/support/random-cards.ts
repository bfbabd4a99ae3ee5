import fc from "fast-check";
import type { Device } from "../../src/core/schedule/device.ts";
import { withTimeSlices } from "../../src/core/schedule/sharing.ts";
import { gpu, migGpu } from "./devices.ts";

/** How one card is used: as a whole, shared by some, or cut, each slice as `2g.20gb@4:2`; `""` where one was. */
export type CardShape =
  | { readonly shared: number }
  | { readonly slices: readonly string[]; readonly placed: boolean };

const layouts: readonly (readonly string[])[] = [
  [],
  ["7g.80gb@0:8"],
  ["4g.40gb@0:4", "3g.40gb@4:4"],
  ["3g.40gb@0:4", "2g.20gb@4:2", "1g.10gb@6:1"],
  ["1g.10gb@0:1", "2g.20gb@2:2", "3g.40gb@4:4"],
  ["2g.20gb@0:2", "2g.20gb@2:2", "2g.20gb@4:2", "1g.10gb@6:1"],
  ["1g.10gb@0:1", "1g.10gb@1:1", "1g.10gb@2:1", "1g.10gb@3:1", "1g.10gb@4:1", "1g.10gb@5:1", "1g.10gb@6:1"],
  ["1g.10gb@6:1", "2g.20gb@4:2", "2g.20gb@0:2"],
];

/** Any of them; `placed` says whether anybody tells where the slices are. */
export const cardShapes: fc.Arbitrary<CardShape> = fc.oneof(
  fc.constantFrom({ shared: 0 }, { shared: 0 }, { shared: 2 }, { shared: 4 }),
  fc.record({ slices: fc.constantFrom(...layouts), placed: fc.constantFrom(true, true, true, false) }),
);

/** The devices of cards of these shapes. The same UUIDs come again in every layout, as the driver gives them. */
export function devicesOfCards(shapes: readonly CardShape[]): readonly Device[] {
  return shapes.flatMap((shape, index): readonly Device[] => {
    if ("shared" in shape) {
      if (shape.shared === 0) return [gpu(index)];
      return withTimeSlices([gpu(index)], [{ devices: [`${index}`], replicas: shape.shared }]);
    }
    const [card, ...slices] = migGpu(
      index,
      shape.slices.map((text) => text.split("@")[0] ?? ""),
    );
    if (card === undefined) return [];
    return [
      card,
      ...slices.flatMap((device, place): readonly Device[] => {
        if (shape.slices[place] === "") return [];
        const [start = 0, size = 1] = (shape.slices[place]?.split("@")[1] ?? "").split(":").map(Number);
        return [shape.placed ? { ...device, gpuInstance: place, placement: { start, size } } : device];
      }),
    ];
  });
}
