import { newsworthy } from "../newsworthy.ts";
import type { Fact } from "./fact.ts";
import type { LifecycleMemory } from "./memory.ts";
import type { World } from "../world.ts";
import type { Situation } from "./situation.ts";

type News = Pick<LifecycleMemory, "told" | "extras" | "blocksTold">;

/**
 * What people were told last. While the engine does not answer, as at each start, it stays: the same is no news again
 * after that. Nothing where nothing was ever told.
 */
export function rememberNews({ memory, roles, world }: Situation, { type, reason }: Fact): News {
  if (type === "engine.unreachable") return {};
  const told = newsworthy[type] === undefined ? null : reason;
  const extras = roles.extras.map(({ id }) => id).toSorted();
  return {
    ...(told === null && memory.told === undefined ? {} : { told }),
    ...(extras.length === 0 && memory.extras === undefined ? {} : { extras }),
    ...rememberBlock(world),
  };
}

/** While the GPUs cannot be listed it is in nobody's way, and again in the same way after that. */
function rememberBlock({ blocks, gpuStackReady, record: { memory } }: World): Pick<News, "blocksTold"> {
  if (blocks != null) return { blocksTold: blocks.key };
  return gpuStackReady && memory.blocksTold != null ? { blocksTold: null } : {};
}
