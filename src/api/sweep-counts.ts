import { z } from "zod";

const count = z.number().int();

/** How many elements of a sweep there are, and how they stand; the rest waits. */
export const SweepCounts = z
  .object({ total: count, running: count, completed: count, failed: count })
  .describe("Of a sweep: how many containers it has, and how they stand; the rest waits.");
export type SweepCounts = z.infer<typeof SweepCounts>;
