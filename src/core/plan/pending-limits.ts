import type { Situation } from "../lifecycle/situation.ts";
import { updatableLimits } from "../lifecycle/limits-action.ts";
import { formatBytes } from "../../util/quantity.ts";
import { keptRates } from "../quota/block-io.ts";
import { ioDrift, limitDrift, ulimitDrift, type FieldDrift } from "./drift.ts";

type Facts = Pick<Situation, "roles" | "limits" | "limitsAction" | "outdated" | "spec" | "world">;

/** Limits that the container has otherwise than wanted and gets at its next start: the engine cannot change them now. */
export function pendingLimits(facts: Facts): readonly FieldDrift[] {
  const held = facts.world.aggregate?.held ?? null;
  return [...limitsOfNextStart(facts), ...(held === null ? [] : [held])];
}

/** Those of them that a new container has, or this one once it is stopped. */
export function limitsOfNextStart({
  roles,
  limits,
  limitsAction,
  outdated,
  spec,
  world,
}: Facts): readonly FieldDrift[] {
  const { primary } = roles;
  // What is replaced anyway gets all of them.
  if (primary === null || outdated !== null) return [];
  const { config } = primary;
  const { type, heldMemory = false } = limitsAction ?? {};
  const drift = limitDrift(updatableLimits(limits), config);
  const left = type === "leave" ? drift : heldMemory ? drift.filter(isOfMemory) : [];
  const shmSize = spec.ipc === "host" ? null : limits.shmSizeBytes.value;
  const parent = world.aggregate?.parent ?? null;
  return [
    ...left,
    ...(shmSize === null || shmSize === config.shmSizeBytes
      ? []
      : [{ field: "shmSize", found: bytes(config.shmSizeBytes), wanted: bytes(shmSize) }]),
    ...ulimitDrift(limits.ulimits, config).map(({ name, ...rest }) => ({ field: `ulimit ${name}`, ...rest })),
    ...ioDrift(keptRates(limits), config).map(({ name, ...rest }) => ({ field: name, ...rest })),
    ...(parent === null || parent === config.cgroupParent
      ? []
      : [{ field: "cgroup", found: config.cgroupParent || "the engine's default", wanted: parent }]),
  ];
}

function isOfMemory({ field }: FieldDrift): boolean {
  return field === "memory" || field === "memorySwap";
}

function bytes(value: number | null): string {
  return value === null ? "unlimited" : formatBytes(value);
}
