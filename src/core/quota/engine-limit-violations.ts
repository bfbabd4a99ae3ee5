import type { EngineLimit } from "./engine-limits.ts";
import type { Violation } from "./limits.ts";
import type { Subject } from "./violation-words.ts";

/** Limits that a spec names and nobody would keep to: better refused than believed in. */
export function engineLimitViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const { memorySwap, io } = spec.resources ?? {};
  const written: readonly (readonly [EngineLimit, boolean])[] = [
    ["memorySwap", memorySwap !== undefined && memorySwap !== "unlimited"],
    ["io.weight", io?.weight !== undefined],
    ["io.devices", (io?.devices ?? []).length > 0],
  ];
  return written.flatMap(([limit, isWritten]) => {
    if (!isWritten || quota.cannotLimit?.includes(limit) !== true) return [];
    const field = `spec.resources.${limit}`;
    const message = `${facts.object} sets ${limit}; the engine of this host cannot limit it (docker info warns of it): remove ${field}, or ask an admin for a kernel that can`;
    return [{ reason: "LimitNotSupported", field, message }];
  });
}
