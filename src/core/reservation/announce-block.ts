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

/** Warns once for each window that it is in the way of. */
export function announceBlock({ world }: { readonly world: World }): readonly Announcement[] {
  const { blocks, record } = world;
  if (blocks == null) return [];
  const before = record.status.conditions.find(({ type }) => type === blocksType);
  if (before?.message === blocks.message) return [];
  return [{ type: "Warning", reason: "BlocksReservation", message: blocks.message }];
}
