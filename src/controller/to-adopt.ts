import { annotations, labels } from "../api/names.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { HostStateOptions } from "./host-state-options.ts";

/** The container of nobody's that its spec is to stand for, where it is there. */
export function toAdopt(
  { annotations: own }: ContainerRecord,
  containers: readonly ObservedContainer[],
  { cache, instance }: Pick<HostStateOptions, "cache" | "instance">,
): string | null {
  const wanted = cache.get(own[annotations.adopts] ?? "");
  if (wanted === undefined || wanted.labels[labels.instance] === instance) return null;
  return containers.some(({ id }) => id === wanted.id) ? null : wanted.name;
}
