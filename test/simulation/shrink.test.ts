import { expect, test } from "vitest";
import { drawOperations } from "./draw-operations.ts";
import type { Operation, PlannedOperation } from "./operation.ts";
import { shrink } from "./shrink.ts";

const planned = (operation: Operation): PlannedOperation => ({ afterMs: 10, afterSteps: 10, operation });
const [crash, jump] = [planned({ do: "crash", downMs: 1 }), planned({ do: "clock", byMs: 60_000 })] as const;

test("a run that fails is made as short as it still fails by the same rule", async () => {
  const others = drawOperations(5);
  const half = Math.floor(others.length / 2);
  const all = [...others.slice(0, half), crash, ...others.slice(half), jump];
  let plays = 0;
  const kept = await shrink(5, "I1", all, async (seed, { operations = [] } = {}) => {
    plays += 1;
    // What fails otherwise is another fault, and no shorter form of this one.
    const rule = operations.includes(jump) ? (operations.includes(crash) ? "I1" : "I4") : null;
    return { seed, steps: 1, violation: rule === null ? null : { rule, message: "" } } as never;
  });
  expect(kept).toEqual([crash, jump]);
  expect(plays).toBeGreaterThan(2);
});
