import type { ScheduleOutcome } from "../../src/core/schedule/outcome.ts";

export type WaitingOutcome = Extract<ScheduleOutcome, { type: "waiting" }>;

/** The outcome of one who waits for devices, alone in the queue and without a known start. */
export function waitingOutcome(change: Partial<WaitingOutcome> = {}): WaitingOutcome {
  return {
    type: "waiting",
    quotaLeft: null,
    reason: "WaitingForDevices",
    message: "all are taken",
    never: false,
    position: 1,
    of: 1,
    behind: null,
    priority: 50,
    since: 0,
    eta: null,
    basis: "unknown",
    blockers: [],
    verdicts: [],
    hint: null,
    ...change,
  };
}
