import { formatDuration } from "../../util/duration.ts";
import { writtenDurationMs } from "./effective.ts";
import type { Violation } from "./limits.ts";
import { allowing, at, type Subject } from "./violation-words.ts";

/** Deadlines beyond those of the quota. */
export function lifecycleViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const rows = [
    { name: "maxRuntime", bound: quota.maxRuntimeMs },
    { name: "idleTimeout", bound: quota.idleTimeoutMs },
    { name: "holdGpuAfterStop", bound: quota.holdGpuAfterStopMs },
    { name: "removeAfterStop", bound: quota.removeAfterStopMs },
    // Both say how long a container that does not run may stay.
    { name: "ttlAfterFinished", bound: quota.removeAfterStopMs },
  ] as const;
  return rows.flatMap(({ name, bound }) => {
    const wanted = writtenDurationMs(spec.lifecycle?.[name]);
    if (wanted === undefined || bound.value === null || bound.origin.from !== "quota") return [];
    if (wanted !== null && wanted <= bound.value) return [];
    const field = `spec.lifecycle.${name}`;
    const asked = wanted === null ? "never" : formatDuration(wanted);
    return [
      {
        reason: "ExceedsMaxQuota",
        field,
        message: `${facts.object} asks for ${name} ${asked}; ${allowing(bound.origin)} ${formatDuration(bound.value)} at most${at(bound.origin)}: lower ${field} or ask an admin`,
      },
    ];
  });
}

/** A priority above the bound. */
export function priorityViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const bound = quota.priority;
  if (spec.priority === undefined || bound.origin.from !== "quota" || spec.priority <= bound.value) return [];
  return [
    {
      reason: "ExceedsMaxQuota",
      field: "spec.priority",
      message: `${facts.object} asks for priority ${spec.priority}; ${allowing(bound.origin)} ${bound.value} at most${at(bound.origin)}: lower spec.priority or ask an admin`,
    },
  ];
}
