import { withoutTries } from "../gpu-access.ts";
import type { EffectiveLimits } from "../quota/limits.ts";
import type { World } from "../world.ts";
import { isUsedUp } from "./job-end.ts";
import type { LifecycleMemory } from "./memory.ts";

/** Counters belong to a generation: an edited spec starts with a clean slate. */
export function memoryForGeneration(world: World, limits: EffectiveLimits): LifecycleMemory {
  const { memory, generation } = world.record;
  if (memory.generation === generation) return memory;
  return {
    ...memory,
    generation,
    attempts: 0,
    ...(memory.retries === undefined ? {} : { retries: 0 }),
    nextStartAt: null,
    ...withoutTries(memory),
    ranMs: 0,
    maxRuntimeMs: limits.maxRuntimeMs.value,
    failure: null,
    rolledBack: null,
    stopCause: isUsedUp({ memory }) ? null : memory.stopCause,
  };
}
