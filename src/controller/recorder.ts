import type { EventObject, InvolvedObject } from "../api/event.ts";
import type { Clock } from "../ports/clock.ts";
import type { View, ViewChange } from "../ports/control-plane.ts";
import type { EventSink, Happening } from "../ports/event-sink.ts";

/** Events kept for `describe` and watches; older ones stand in events.jsonl. */
const keptEvents = 2000;
/** Likes within this time become one event with a count (client-go's aggregation window). */
const foldMs = 600_000;

export interface RecorderOptions {
  readonly clock: Clock;
  readonly nextResourceVersion: () => number;
  readonly newUid: () => string;
  /** Each new or folded event, for the journal. */
  readonly onEvent: (event: EventObject) => void;
  /** Events of earlier runs, oldest first. */
  readonly history: readonly EventObject[];
}

/** The one store of events: folds likes, keeps the newest, tells watchers. */
export class Recorder implements EventSink, View<EventObject> {
  readonly #options: RecorderOptions;
  readonly #events = new Map<string, EventObject>();
  readonly #listeners = new Set<(change: ViewChange<EventObject>) => void>();

  constructor(options: RecorderOptions) {
    this.#options = options;
    for (const event of options.history.slice(-keptEvents)) this.#events.set(foldKey(event), event);
  }

  list(): readonly EventObject[] {
    return [...this.#events.values()];
  }

  /** Events about one object, oldest first. */
  about(kind: string, namespace: string, name: string): readonly EventObject[] {
    return this.list()
      .filter(
        ({ involvedObject }) =>
          involvedObject.kind === kind &&
          (involvedObject.namespace ?? "") === namespace &&
          involvedObject.name === name,
      )
      .toSorted((a, b) => (a.lastTimestamp < b.lastTimestamp ? -1 : 1));
  }

  onChange(listener: (change: ViewChange<EventObject>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  record(happening: Happening): void {
    const now = this.#options.clock.now();
    const fresh = this.#newEvent(happening, now);
    const key = foldKey(fresh);
    const before = this.#events.get(key);
    const folds = before !== undefined && now - Date.parse(before.lastTimestamp) < foldMs;
    const event = folds ? this.#folded(before, fresh) : fresh;
    // Deleted and set again so that iteration stays oldest first.
    this.#events.delete(key);
    this.#events.set(key, event);
    this.#tell({ type: folds ? "MODIFIED" : "ADDED", object: event });
    this.#options.onEvent(event);
    this.#trim();
  }

  #folded(before: EventObject, fresh: EventObject): EventObject {
    return {
      ...before,
      metadata: { ...before.metadata, resourceVersion: fresh.metadata.resourceVersion },
      count: before.count + 1,
      lastTimestamp: fresh.lastTimestamp,
    };
  }

  #newEvent({ type, reason, message, about }: Happening, now: number): EventObject {
    const time = new Date(now).toISOString();
    const uid = this.#options.newUid();
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: `${about.name}.${uid.replaceAll("-", "").slice(0, 16)}`,
        namespace: about.namespace ?? "default",
        uid,
        resourceVersion: String(this.#options.nextResourceVersion()),
        creationTimestamp: time,
      },
      type,
      reason,
      message,
      involvedObject: about,
      source: { component: "ds01-controller" },
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
    };
  }

  #trim(): void {
    for (const [key, event] of this.#events) {
      if (this.#events.size <= keptEvents) return;
      this.#events.delete(key);
      this.#tell({ type: "DELETED", object: event });
    }
  }

  #tell(change: ViewChange<EventObject>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function foldKey(event: Pick<EventObject, "type" | "reason" | "message" | "involvedObject">): string {
  const { kind, namespace, name, uid } = event.involvedObject;
  return [kind, namespace ?? "", name, uid, event.type, event.reason, event.message].join("\n");
}

/** Reference to a stored object, for events about it. */
export function involved(
  record: { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: string },
  apiVersion: string,
): InvolvedObject {
  return {
    apiVersion,
    kind: record.kind,
    name: record.name,
    uid: record.uid,
    ...(record.namespace === "" ? {} : { namespace: record.namespace }),
  };
}
