import { describe, expect, it } from "vitest";
import { running } from "../../../test/support/one-object.ts";
import { startOfTest as now } from "../../../test/support/world-builder.ts";
import { decide } from "../decide.ts";
import { predict } from "../plan/predict.ts";
import type { World } from "../world.ts";

const second = 1000;
const blocks = { key: "ml 13:00", message: "GPU 0 is reserved for ml; this has no end in sight." };

/** One look after another, each at what the one before has left; how often it was warned. */
function warnings(start: World, ...looks: readonly Partial<World>[]): number {
  let count = 0;
  let world = start;
  for (const [index, look] of looks.entries()) {
    const at = now + 60 * second + index * second;
    world = { ...world, engineReady: true, ...look };
    const decision = decide(world, at);
    count += decision.announcements.filter(({ reason }) => reason === "BlocksReservation").length;
    world = predict(world, decision, at);
  }
  return count;
}

describe("the warning that work is in the way of a reservation", () => {
  const start = running({ gpus: { count: 1 } });

  it("comes once for one window, and again for the next one", () => {
    expect(warnings(start, { blocks }, { blocks }, { blocks })).toBe(1);
    expect(warnings(start, { blocks }, { blocks: { ...blocks, key: "ml 14:00" } })).toBe(2);
    expect(warnings(start, { blocks }, { blocks: null }, { blocks })).toBe(2);
  });

  it("comes not while the engine is away, nor once it is back", () => {
    const away = { blocks, engineReady: false };
    expect(warnings(start, { blocks }, away, away, { blocks })).toBe(1);
  });

  it("comes not again because the work is seen to end at another time", () => {
    const sooner = { ...blocks, message: "GPU 0 is reserved for ml; this ends only at 15:00." };
    expect(warnings(start, { blocks }, { blocks: sooner }, { blocks })).toBe(1);
  });

  it("comes not again after the GPUs could not be listed for a while", () => {
    const unlisted = { blocks: null, gpuStackReady: false };
    expect(warnings(start, { blocks }, unlisted, { blocks, gpuStackReady: true })).toBe(1);
  });
});
