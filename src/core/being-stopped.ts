import type { ObservedContainer } from "./observed.ts";
import type { World } from "./world.ts";

/** True while a container ends and nothing more is to be done for that. In an emergency nobody waits for a grace. */
export function isBeingStopped(
  { stopping, emergencyStop }: Pick<World, "stopping" | "emergencyStop">,
  { id, state }: Pick<ObservedContainer, "id" | "state">,
): boolean {
  if (state === "removing") return true;
  const graceMs = stopping.get(id);
  return graceMs !== undefined && (graceMs === 0 || emergencyStop == null);
}
