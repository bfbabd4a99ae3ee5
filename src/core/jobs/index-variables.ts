import type { ContainerRecord } from "../record.ts";

/** How many elements there were when a container was made: a sweep that grows makes none of them anew. */
export const replicasVariable = "DS01_REPLICAS";

/** What tells the elements of a sweep apart, in their environment; nothing for what is none. */
export function indexVariables({
  source,
}: Pick<ContainerRecord, "source">): Readonly<Record<string, string>> {
  const { element } = source;
  if (element === undefined) return {};
  return { DS01_INDEX: String(element.index), [replicasVariable]: String(element.replicas) };
}
