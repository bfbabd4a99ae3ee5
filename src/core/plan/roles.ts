import type { ObservedContainer } from "../observed.ts";
import { containerName, isReplacementName } from "./container-name.ts";

/** The containers of one object by what they are for. */
export interface Roles {
  /** The container that stands for the object now; null when there is none. */
  readonly primary: ObservedContainer | null;
  /** A new container beside the primary that is to take its place. */
  readonly replacement: ObservedContainer | null;
  /** Further containers that carry this object's labels; reported, never touched. */
  readonly extras: readonly ObservedContainer[];
}

/** Live: its process may be running. */
export function isLive(container: ObservedContainer): boolean {
  return container.state === "running" || container.state === "paused" || container.state === "restarting";
}

/**
 * Sorts an object's containers into roles. Where the primary is gone, the oldest replacement is the primary under
 * a wrong name.
 */
export function rolesOf(
  record: { readonly namespace: string; readonly name: string },
  containers: readonly ObservedContainer[],
): Roles {
  const canonical = containerName(record.namespace, record.name);
  const newestFirst = containers.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
  const replacements = newestFirst.filter((container) => isReplacementName(container.name));
  const others = newestFirst.filter((container) => !isReplacementName(container.name));
  const named = others.find((container) => container.name === canonical);
  const primary = named ?? others.find(isLive) ?? others[0] ?? null;
  if (primary === null) {
    const oldest = replacements.pop() ?? null;
    return { primary: oldest, replacement: replacements[0] ?? null, extras: replacements.slice(1) };
  }
  return {
    primary,
    replacement: replacements[0] ?? null,
    extras: [...others.filter((container) => container !== primary), ...replacements.slice(1)],
  };
}
