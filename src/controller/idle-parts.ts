import type { HostView } from "../core/host-view.ts";
import { defaultIdle } from "../core/idle/idle-settings.ts";
import type { EventSink } from "../ports/event-sink.ts";
import { IdleWatch } from "./idle-watch.ts";
import { KeepAliveDesk } from "./keep-alive-desk.ts";
import { elementsOf } from "./sweep-elements.ts";
import type { InventoryBook } from "./inventory-book.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";
import type { RuntimeCache } from "./runtime-cache.ts";
import type { WorkQueue } from "./workqueue.ts";

/** What looks for idle containers, and what leaves them alone. */
export interface IdleParts {
  readonly idle: IdleWatch;
  readonly keepAlives: KeepAliveDesk;
}

/** Puts together what is about idle containers. */
export function buildIdleParts(
  ports: ManagerPorts,
  settings: ManagerSettings,
  parts: {
    readonly cache: RuntimeCache;
    readonly queue: WorkQueue;
    readonly events: EventSink;
    readonly inventory: InventoryBook;
    readonly view: () => HostView;
  },
): IdleParts {
  const { store, clock, log, identity } = ports;
  const { queue, inventory, events, ...known } = parts;
  const idleSettings = settings.idle ?? defaultIdle;
  const enqueue = (namespace: string, name: string): void => queue.add(`${namespace}/${name}`);
  const keepAlives = new KeepAliveDesk({
    document: ports.keepAlives,
    store,
    events,
    clock,
    log,
    longestMs: idleSettings.keepAliveMaxMs,
    onChange: (record) => {
      for (const one of [record, ...(elementsOf(record, store).elements ?? [])]) {
        idle.lookSoon(one.uid);
        enqueue(one.namespace, one.name);
      }
    },
  });
  const idle: IdleWatch = new IdleWatch({
    ...known,
    settings: idleSettings,
    probe: ports.activity ?? null,
    document: ports.idleness,
    store,
    inventory: () => inventory,
    identity,
    instance: settings.instance,
    keptAlive: (record, fileAt) => keepAlives.reasonFor(record, fileAt),
    clock,
    log,
    enqueue,
  });
  return { idle, keepAlives };
}
