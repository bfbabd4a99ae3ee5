import type { Decision } from "../../core/decision.ts";
import { givenWords } from "../../core/given-files/given-file.ts";
import type { ReconcileResult } from "../../ports/reconciler.ts";

/** Something that waits without a deadline is looked at this often (an account, the quota of others). */
const waitingLookMs = 30_000;
/** Nothing tells when a host path appears or a port is free, and to look for one costs next to nothing. */
const soonThere: ReadonlySet<string> = new Set([
  "MountMissing",
  "CopyMissing",
  "PortInUse",
  "GivenFileWaiting",
  ...Object.values(givenWords).flatMap(({ notFound, invalid }) => [notFound, invalid]),
]);
const soonLookMs = 5000;
const waitingFacts: ReadonlySet<string> = new Set(["waiting", "stalled", "image.pulling", "image.building"]);
/** So that a deadline that is past already does not spin. */
const leastPauseMs = 50;

/** When an object is to be looked at after what was decided; `now` and the result in milliseconds since the epoch. */
export function resultOf(decision: Decision, now: number): ReconcileResult {
  if (decision.steps.length > 0) return { requeue: true };
  const due = dueAgain(decision, now);
  const { type, reason, at } = decision.fact;
  // Until what is due next may be the maxRuntime of a container beside it.
  const waits = waitingFacts.has(type) && (at === null || due.requeueAt === undefined);
  if (!waits) return due;
  const lookAt = now + (soonThere.has(reason) ? soonLookMs : waitingLookMs);
  return { requeueAt: Math.min(due.requeueAt ?? Infinity, lookAt) };
}

/** At its own deadline only. */
export function dueAgain({ requeueAt }: Decision, now: number): ReconcileResult {
  return requeueAt === null ? {} : { requeueAt: Math.max(requeueAt, now + leastPauseMs) };
}

/** At `at` at the latest. */
export function soonerOf({ requeue, requeueAt }: ReconcileResult, at: number): ReconcileResult {
  return { ...(requeue === undefined ? {} : { requeue }), requeueAt: Math.min(requeueAt ?? Infinity, at) };
}
