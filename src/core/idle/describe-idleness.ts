import { formatDuration } from "../../util/duration.ts";
import { effectiveLimits } from "../quota/effective.ts";
import type { ResolvedQuota } from "../quota/limits.ts";
import { placeOf } from "../quota/resolve.ts";
import type { ContainerRecord } from "../record.ts";
import {
  describeSignals,
  describeTimeout,
  idleVerdict,
  judgedOf,
  leftAlone,
  type IdleFacts,
} from "./idle-verdict.ts";

/** `12m of 30m (GPU 0 %, CPU 1 %): warned in 8m`, or why nobody minds; null for an object without a timeout. */
export function describeIdleness(
  facts: IdleFacts,
  record: ContainerRecord,
  quota: ResolvedQuota,
  now: number,
): string | null {
  const { spec } = record;
  if (spec === null) return null;
  const limit = effectiveLimits(spec, quota, (field) => placeOf(record.source, field)).idleTimeoutMs;
  if (limit.value === null || record.status.phase !== "Running") return null;
  const judged = judgedOf(record, spec, limit);
  const alone = leftAlone(facts, judged, now);
  if (alone !== null) return `not looked at: ${alone}`;
  const { state } = facts;
  if (state === null) return "not known yet";
  const verdict = idleVerdict(facts, judged, now);
  if (verdict !== null) {
    const next =
      verdict.stage === "due" ? "is stopped now" : `is stopped in ${formatDuration(verdict.leftMs)}`;
    const warned = verdict.stage === "counting" ? "" : ", warned";
    return `${formatDuration(state.idleMs)} of ${describeTimeout(verdict.timeout)}${warned}; ${next} unless it is used; ${describeSignals(state)}`;
  }
  const word = { busy: "in use", unknown: "not known", quiet: "has just started" }[state.activity];
  const telling = state.signals.filter(({ activity }) => activity === state.activity);
  return `${word}: ${describeSignals({ signals: telling })}`;
}
