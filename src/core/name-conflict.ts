import type { World } from "./world.ts";

/** Who has the name that the object's container is to have, and what to do; null when nobody else has it. */
export function nameConflict({ nameTakenBy }: Pick<World, "nameTakenBy">): string | null {
  if (nameTakenBy === null) return null;
  return `a container that is not this object's is called ${nameTakenBy}: remove or rename it`;
}
