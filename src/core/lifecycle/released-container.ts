import { holdsDevicesOf } from "../expiry.ts";
import { isLive } from "../plan/roles.ts";
import type { Situation } from "./situation.ts";

/**
 * The id of a stopped container that has lost its devices, by the end of its hold or to somebody who runs: a hold that
 * is made longer afterwards brings none of them back. Null when there is none.
 */
export function releasedContainer({
  world,
  roles: { primary },
  memory,
}: Pick<Situation, "world" | "roles" | "memory">): string | null {
  if (!world.engineReady) return memory.releasedContainerId;
  if (primary === null || isLive(primary)) return null;
  if (memory.releasedContainerId === primary.id) return primary.id;
  return holdsDevicesOf(world.claim, primary) ? null : primary.id;
}
