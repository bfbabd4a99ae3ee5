import type { ContainerStatus } from "../api/container.ts";
import { deviceUuidsOf, holdUntil } from "./expiry.ts";
import { formatTime } from "./format-time.ts";
import type { Fact } from "./lifecycle/fact.ts";
import { shownIdleSince } from "./lifecycle/idle-end.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";
import { releasedContainer } from "./lifecycle/released-container.ts";
import { restingRemoval } from "./lifecycle/resting-removal.ts";
import { deadlineOf, type Situation } from "./lifecycle/situation.ts";
import type { ObservedContainer } from "./observed.ts";
import { isLive } from "./plan/roles.ts";

/** The times that a status tells: what comes next of itself, and when. */
export function statusDeadlines(
  situation: Situation,
  memory: LifecycleMemory,
  fact: Fact,
): Partial<ContainerStatus> {
  const { primary } = situation.roles;
  if (primary === null) return {};
  if (isLive(primary)) {
    const dueAt = situation.access?.dueAt ?? null;
    return {
      ...timeField("expiresAt", deadlineOf({ ...situation, memory })),
      ...timeField("nextStartAt", dueAt !== null && dueAt > situation.now ? dueAt : null),
      ...timeField("idleSince", shownIdleSince(situation)),
    };
  }
  if (fact.type === "restart.waiting" || fact.type === "retry.waiting")
    return timeField("nextStartAt", fact.at);
  if (fact.type === "stalled") return timeField("holdUntil", keptUntil(situation));
  const resting = fact.type.startsWith("stopped.") || fact.type.startsWith("job.");
  return resting ? restingDeadlines(situation, primary, fact) : {};
}

/** Until when what somebody has to mend keeps the GPUs that it had; null is for good, or nothing is kept. */
function keptUntil({ world: { claim } }: Situation): number | null {
  return claim?.state === "Held" ? claim.until : null;
}

/** Until when a stopped container keeps its GPUs, and when it is removed. */
function restingDeadlines(
  situation: Situation,
  primary: ObservedContainer,
  fact: Fact,
): Partial<ContainerStatus> {
  const { limits, now } = situation;
  const hasGpus = deviceUuidsOf(primary).length > 0 && releasedContainer(situation) !== primary.id;
  const hold = hasGpus ? (holdUntil(primary, limits) ?? null) : null;
  return {
    ...timeField("holdUntil", hold !== null && hold > now ? hold : null),
    ...timeField("removeAt", restingRemoval(situation, primary, fact)),
  };
}

function timeField(
  field: "expiresAt" | "nextStartAt" | "holdUntil" | "removeAt" | "idleSince",
  at: number | null,
): Partial<ContainerStatus> {
  // A job that never mends has no next start.
  return at === null || at >= Number.MAX_SAFE_INTEGER ? {} : { [field]: formatTime(at) };
}
