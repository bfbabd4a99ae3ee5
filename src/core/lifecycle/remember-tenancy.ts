import { recentPreemptions } from "../tenancy.ts";
import { submittedAt } from "../schedule/submitted-at.ts";
import type { Nomination } from "../schedule/preemption.ts";
import type { Fact } from "./fact.ts";
import type { LifecycleAction } from "./machine.ts";
import type { LifecycleMemory } from "./memory.ts";
import type { Situation } from "./situation.ts";

type Tenancy = Pick<LifecycleMemory, "heldSince" | "queuedSince" | "nomination" | "notice" | "preemptedAt">;

/** What is remembered of holding devices, and of giving way and being given way to; nothing where nothing is to be. */
export function rememberTenancy(
  { world, memory, now }: Situation,
  fact: Fact,
  action: LifecycleAction | null,
): Tenancy {
  const { record, claim, preemption, engineReady } = world;
  const gaveWay = action === "stopContainer" && fact.reason === "Preempted";
  const times = [...recentPreemptions(memory.preemptedAt, now), ...(gaveWay ? [now] : [])];
  const takesDevices = action === "createContainer" || action === "restartContainer";
  return {
    ...known("heldSince", memory, claim === null && engineReady ? null : (memory.heldSince ?? now)),
    ...known("queuedSince", memory, takesDevices ? submittedAt(record, now) : (memory.queuedSince ?? null)),
    ...known("nomination", memory, nominationAfter(memory, world, fact)),
    ...known("notice", memory, preemption),
    ...known("preemptedAt", memory, times.length === 0 ? undefined : times),
  };
}

/** The field, unless it says nothing and never did: what concerns nobody changes nobody's record. */
function known<Key extends keyof Tenancy>(key: Key, memory: Tenancy, value: Tenancy[Key]): Tenancy {
  return value == null && memory[key] === undefined ? {} : { [key]: value };
}

/** While it waits the scheduler's; once it runs or is done there is none, and what does not come to run keeps it. */
function nominationAfter(
  { nomination = null }: LifecycleMemory,
  { schedule }: Situation["world"],
  { type }: Fact,
): Nomination | null {
  if (schedule?.type === "waiting") return schedule.nomination ?? null;
  const isOver = type === "container.running" || type.startsWith("job.") || type.startsWith("stopped.");
  return isOver ? null : nomination;
}
