import type { ContainerRecord } from "../core/record.ts";
import type { Store } from "../ports/store.ts";

/**
 * Remembers which container was made by our own call: however the engine shows its configuration, nobody else has
 * made it. Not so of one that was found under the name; that is compared with what is declared.
 */
export function rememberCreated(store: Store, { uid, namespace, name }: ContainerRecord, id: string): void {
  const latest = store.get("ContainerSpec", `${namespace}/${name}`);
  if (latest === undefined || latest.uid !== uid) return;
  store.putSoon({ ...latest, memory: { ...latest.memory, containerId: id } });
}
