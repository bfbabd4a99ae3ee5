import type { Store } from "../ports/store.ts";
import { ConflictError, NotFoundError } from "../util/errors.ts";

/**
 * Lets a container run again that was stopped for idleness, as its spec says already that it runs. ConflictError for
 * one that ended otherwise: that is for the spec to say.
 */
export async function startAgain(store: Store, namespace: string, name: string): Promise<void> {
  const record = store.get("ContainerSpec", `${namespace}/${name}`);
  if (record === undefined) {
    throw new NotFoundError({ reason: "NotFound", message: `there is no container ${namespace}/${name}` });
  }
  const { memory } = record;
  if (memory.finished?.reason !== "IdleTimeout") {
    throw new ConflictError({
      reason: "NotStoppedForIdleness",
      message: `${namespace}/${name} was not stopped for idleness`,
      remedy: "change its spec to run it again",
    });
  }
  await store.put({ ...record, memory: { ...memory, finished: null, stopCause: "StartedAgain" } });
}
