import { AdoptionBook } from "./adoption-book.ts";
import type { ManagerPorts } from "./manager-ports.ts";
import { RuntimeCache, type RuntimeCacheOptions } from "./runtime-cache.ts";

/** What is known of the containers that Docker has. */
export interface ContainerParts {
  readonly adoptions: AdoptionBook;
  readonly cache: RuntimeCache;
}

/** Puts together what is known of containers, those among them included that were adopted. */
export function containerParts(
  { store, runtime, clock, log, adoptions: document }: ManagerPorts,
  instance: string,
  hooks: Pick<RuntimeCacheOptions, "onChange" | "onImage" | "onReady">,
): ContainerParts {
  const adoptions = new AdoptionBook({
    document,
    store,
    instance,
    log,
    onTaken: (id) => cache.adopted(id),
  });
  const cache: RuntimeCache = new RuntimeCache({ runtime, clock, log, adoptions, ...hooks });
  return { adoptions, cache };
}
