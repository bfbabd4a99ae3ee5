import type { HealthCheck } from "../ports/control-plane.ts";

/** The checks for which ds01 counts as not ready: what few specs need is no reason to take everything for down. */
export function failedChecks<Check extends Pick<HealthCheck, "ok" | "optional">>(
  checks: readonly Check[],
): readonly Check[] {
  return checks.filter(({ ok, optional }) => !ok && optional !== true);
}
