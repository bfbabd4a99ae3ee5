import type { PlannedOperation } from "./operation.ts";

/** A run that has shown a fault once, shortened; in `kept/`, and played by every run of the tests. */
export interface KeptRun {
  /** What went wrong. */
  readonly about: string;
  readonly seed: number;
  readonly operations: readonly PlannedOperation[];
}
