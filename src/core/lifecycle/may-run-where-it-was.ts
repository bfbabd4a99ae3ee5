import { holdsDevicesOf } from "../expiry.ts";
import type { ObservedContainer } from "../observed.ts";
import type { Situation } from "./situation.ts";

/** True when the devices that the container was made with are there, may be used, and are its own. */
export function mayRunWhereItWas(
  { gone, relocation, world }: Pick<Situation, "gone" | "relocation" | "world">,
  container: ObservedContainer,
): boolean {
  return gone.length === 0 && relocation === null && holdsDevicesOf(world.claim, container);
}
