import type { LimitLine } from "../api/limits-answer.ts";
import type { Origin, Sourced } from "../core/quota/limits.ts";

/** A line that no quota sets. */
export function plain(key: string, name: string, value: string | null, origin: string): LimitLine {
  return { key, name, value, text: value ?? "-", default: null, origin, enforced: true };
}

/** Key for scripts, name for people. */
export type Title = readonly [key: string, name: string];

/** A limit with the place that sets it. */
export function line<T extends NonNullable<LimitLine["value"]>>(
  [key, name]: Title,
  { value, origin }: Sourced<T | null>,
  show: (value: T) => string,
  absent = "unlimited",
): LimitLine {
  const text = value === null ? absent : show(value);
  return { key, name, value, text, default: null, origin: placeOf(origin), enforced: true };
}

/** `quotas/students.yaml:7`, or `built-in`. */
export function placeOf(origin: Origin): string {
  if (origin.from === "built-in") return "built-in";
  return origin.place ?? `quota ${origin.quota ?? ""}`;
}
