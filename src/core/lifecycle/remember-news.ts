import { newsworthy } from "../newsworthy.ts";
import type { Fact } from "./fact.ts";
import type { LifecycleMemory } from "./memory.ts";
import type { Situation } from "./situation.ts";

type News = Pick<LifecycleMemory, "told" | "extras">;

/**
 * What people were told last. While the engine does not answer, as at each start, it stays: the same is no news again
 * after that. Nothing where nothing was ever told.
 */
export function rememberNews({ memory, roles }: Situation, { type, reason }: Fact): News {
  if (type === "engine.unreachable") return {};
  const told = newsworthy[type] === undefined ? null : reason;
  const extras = roles.extras.map(({ id }) => id).toSorted();
  return {
    ...(told === null && memory.told === undefined ? {} : { told }),
    ...(extras.length === 0 && memory.extras === undefined ? {} : { extras }),
  };
}
