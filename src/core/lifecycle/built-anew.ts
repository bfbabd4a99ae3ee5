import type { ContainerSpecSpec } from "../../api/container.ts";
import type { ObservedContainer } from "../observed.ts";
import type { World } from "../world.ts";

/**
 * Why a container whose image is built must be replaced; null where it need not be. What runs is left alone when files
 * are saved: the reference then stays that of its own image.
 */
export function builtAnew(
  { imageReference }: World,
  { build }: ContainerSpecSpec,
  primary: ObservedContainer | null,
): string | null {
  if (build === undefined || primary === null || imageReference === null) return null;
  return primary.config.image === imageReference ? null : "what its image is built from has changed";
}
