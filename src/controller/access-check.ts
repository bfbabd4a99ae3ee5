import { permanentFix } from "../core/gpu-access.ts";
import type { HealthCheck } from "../ports/control-plane.ts";

export interface AccessCheckInput {
  /** Containers that cannot open their GPUs, as `alice/train`. */
  readonly lost: readonly string[];
  /** Containers that could at the last look; null when none were looked at. */
  readonly reaching: number | null;
  /** Of the running ones, those that a daemon-reload would take their GPUs from. */
  readonly atRisk: number;
}

/** The line of `ds01 doctor` on whether running containers can open their GPUs; none where no such container runs. */
export function accessCheck({ lost, reaching, atRisk }: AccessCheckInput): readonly HealthCheck[] {
  const name = "GpuAccess";
  if (lost.length > 0) {
    const message = `${lost.join(", ")} can no longer open ${lost.length === 1 ? "its" : "their"} GPUs (NVML: Unknown Error)`;
    const remedy = `now: ds01 stop and ds01 start; for good: ${permanentFix}`;
    return [{ name, ok: false, message, remedy }];
  }
  if (reaching === null) return [];
  const reach = `${reaching} ${reaching === 1 ? "container reaches its" : "containers reach their"} GPUs`;
  const risk = `${reach}; a daemon-reload would take them from ${atRisk}: ${permanentFix}`;
  return [{ name, ok: true, message: atRisk === 0 ? reach : risk, remedy: null }];
}
