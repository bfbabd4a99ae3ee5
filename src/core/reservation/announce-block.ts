import type { ConditionInput } from "../conditions.ts";
import type { Announcement } from "../decision.ts";
import type { World } from "../world.ts";

/** Condition of work that holds devices which are reserved for others before it ends. */
export const blocksType = "BlocksReservation";

/** The condition while it is in the way of a reservation; none else. */
export function blocksCondition({ blocks }: Pick<World, "blocks">): readonly ConditionInput[] {
  if (blocks == null) return [];
  return [{ type: blocksType, status: true, reason: "BlocksReservation", message: blocks.message }];
}

/** Warns once for each window that it is in the way of; when it ends may be another time at each look. */
export function announceBlock({ blocks, record }: World): readonly Announcement[] {
  if (blocks == null || record.memory.blocksTold === blocks.key) return [];
  return [{ type: "Warning", reason: "BlocksReservation", message: blocks.message }];
}
