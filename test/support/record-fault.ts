import { TestRunner } from "vitest";
import type { FaultId } from "./faults.ts";

/** What a test has seen of a fault. */
export interface SeenFault {
  readonly id: FaultId;
  readonly observed: string;
}

declare module "vitest" {
  interface TaskMeta {
    faults?: SeenFault[];
  }
}

/**
 * Says for docs/reliability.md what the running test has seen of a fault, as measured and not as expected. Counts only
 * when the test passes; the table is written by `npm run reliability`.
 */
export function recordFault(id: FaultId, observed: string): void {
  const test = TestRunner.getCurrentTest();
  if (test === undefined) throw new Error(`${id} is recorded outside of a test`);
  test.meta.faults = [...(test.meta.faults ?? []), { id, observed }];
}
