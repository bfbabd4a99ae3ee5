import type { ObservedContainer } from "../observed.ts";
import type { FactType } from "./fact-types.ts";
import type { StepFailure } from "./memory.ts";

/** The fact that matters next, with the words for people. */
export interface Fact {
  readonly type: FactType;
  readonly reason: string;
  readonly message: string;
  /** When to look again by itself (milliseconds since the epoch); null when only a change can matter. */
  readonly at: number | null;
}

/** Makes a fact. */
export function fact(type: FactType, reason: string, message: string, at: number | null = null): Fact {
  return { type, reason, message, at };
}

/** A step that failed: the owner must act, or it is tried again later. */
export function failureFact({ stalled, reason, message, nextAt }: StepFailure): Fact {
  return fact(stalled ? "stalled" : "retry.waiting", reason, message, nextAt);
}

/** `killed from outside (exit 137, not by ds01)`, `exited with code 1`. */
export function describeExit(container: ObservedContainer): string {
  const code = container.exitCode ?? -1;
  if (container.oomKilled)
    return `killed by the kernel for lack of memory (exit ${code}); its limit may be too low`;
  if (code === 137 || code === 143) return `killed from outside (exit ${code}, not by ds01)`;
  return `exited with code ${code}`;
}
