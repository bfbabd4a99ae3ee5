import { apiVersion, labels } from "../api/names.ts";
import { reckonedTime, type NotedTime } from "../core/container-clock.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventSink } from "../ports/event-sink.ts";
import type { Store } from "../ports/store.ts";
import { groupBy } from "../util/group-by.ts";
import { sha256 } from "../util/hash.ts";
import { newRecord } from "./new-record.ts";
import type { PruneDesks } from "./prune-desks.ts";
import { involved } from "./recorder.ts";

/** Containers with our labels must have been without an object for this long before they are removed. */
const orphanMs = 10_000;

export interface OrphanOptions {
  readonly store: Store;
  readonly instance: string;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly sourceName: string;
  readonly prunes: Pick<PruneDesks, "vanished">;
  /** A file of the namespace that is not in effect: its containers are not orphans for sure; undefined: none. */
  readonly rejectedFile: (namespace: string) => string | undefined;
  readonly onChange: (namespace: string, name: string) => void;
}

/**
 * Every managed container belongs to one spec or is on its way out (I3). After a lost state directory the
 * objects get back the uid their containers carry; what no spec declares goes the way of a deleted spec.
 */
export class Orphans {
  readonly #options: OrphanOptions;
  readonly #since = new Map<string, NotedTime>();
  /** Uids of which was told that they stay. */
  readonly #told = new Set<string>();

  constructor(options: OrphanOptions) {
    this.#options = options;
  }

  /** The uid that containers of this name carry, so that a new record adopts them. */
  static uidOf(
    containers: readonly ObservedContainer[],
    instance: string,
    namespace: string,
    name: string,
  ): string | undefined {
    return containers.find(
      (container) =>
        container.labels[labels.instance] === instance &&
        container.labels[labels.managed] === "true" &&
        container.labels[labels.user] === namespace &&
        container.labels[labels.name] === name,
    )?.labels[labels.uid];
  }

  /** Call after a complete list with a synced source; looks again at `retryAt` (milliseconds since the epoch). */
  async review(containers: readonly ObservedContainer[]): Promise<{ readonly retryAt: number | null }> {
    const { store, clock, instance } = this.#options;
    const known = new Set(store.list("ContainerSpec").map(({ uid }) => uid));
    const unknown = groupBy(
      containers.filter(
        (container) =>
          container.labels[labels.managed] === "true" &&
          container.labels[labels.instance] === instance &&
          (container.labels[labels.uid] ?? "") !== "" &&
          !known.has(container.labels[labels.uid] ?? ""),
      ),
      (container) => container.labels[labels.uid] ?? "",
    );
    for (const uid of this.#since.keys()) if (!unknown.has(uid)) this.#since.delete(uid);
    for (const uid of this.#told) if (!unknown.has(uid)) this.#told.delete(uid);
    const due: ObservedContainer[] = [];
    for (const [uid, own] of unknown) {
      const [first] = own;
      if (first === undefined || (await this.#giveBack(first, containers))) continue;
      if (this.#isKept(first, own)) continue;
      const [now, reading] = [clock.now(), clock.reading()];
      const noted = reckonedTime(this.#since.get(uid) ?? { at: now, clock: reading }, reading);
      // Where nobody can tell, a clock that was set back makes nobody wait for longer.
      const since = noted.at > now ? { at: now, clock: reading } : noted;
      this.#since.set(uid, since);
      if (now - since.at >= orphanMs) due.push(first);
    }
    await this.#prune(due);
    return { retryAt: this.#since.size > due.length ? clock.now() + orphanMs : null };
  }

  /** What has run may be what a broken file declares, and waits for it; what never ran is made again in a moment. */
  #isKept(first: ObservedContainer, own: readonly ObservedContainer[]): boolean {
    const { rejectedFile, events } = this.#options;
    const namespace = first.labels[labels.user] ?? "";
    const file = rejectedFile(namespace);
    if (file === undefined || own.every(({ startedAt }) => startedAt === null)) return false;
    const uid = first.labels[labels.uid] ?? "";
    if (this.#told.has(uid)) return true;
    this.#told.add(uid);
    const name = first.labels[labels.name] ?? first.name;
    events.record({
      type: "Warning",
      reason: "Orphaned",
      message: `no spec declares ${first.name}, and it stays as it is while ${file} is not in effect, which may`,
      about: involved({ kind: "ContainerSpec", namespace, name, uid }, apiVersion),
    });
    return true;
  }

  /** An object of that name which has no container of its own takes the uid over; false when nothing does. */
  async #giveBack(container: ObservedContainer, containers: readonly ObservedContainer[]): Promise<boolean> {
    const { store, onChange } = this.#options;
    const [namespace, name] = [container.labels[labels.user] ?? "", container.labels[labels.name] ?? ""];
    const record = store.get("ContainerSpec", `${namespace}/${name}`);
    if (record === undefined) return false;
    if (containers.some((other) => other.labels[labels.uid] === record.uid)) return false;
    // In memory at once, so it is told of also when it cannot be written yet.
    const written = store.put({ ...record, uid: container.labels[labels.uid] ?? record.uid });
    onChange(namespace, name);
    await written;
    return true;
  }

  /** The name it was made for, or where an object with another container has that, one that says so. */
  #freeName(container: ObservedContainer, uid: string): { namespace: string; name: string } {
    const namespace = container.labels[labels.user] ?? "";
    const name = container.labels[labels.name] ?? container.name;
    const isTaken = this.#options.store.get("ContainerSpec", `${namespace}/${name}`) !== undefined;
    return { namespace, name: isTaken ? `${name}.orphan-${sha256(uid).slice(0, 8)}` : name };
  }

  /** An object is listed for each, and its missing file is judged like that of any other (I11). */
  async #prune(due: readonly ObservedContainer[]): Promise<void> {
    const { store, clock, events, sourceName, prunes, onChange } = this.#options;
    for (const container of due) {
      const uid = container.labels[labels.uid] ?? "";
      const identity = { kind: "ContainerSpec" as const, ...this.#freeName(container, uid) };
      const source = { source: sourceName, path: "", contentHash: "", positions: {} };
      const base = newRecord(identity, source, uid, clock.now()) as ContainerRecord;
      const rejection = {
        reason: "NoSpec",
        message: "no spec declares this container",
        path: "",
        problems: [],
      };
      const record = await store.put({ ...base, rejection });
      const about = involved(record, apiVersion);
      events.record({ type: "Warning", reason: "Orphaned", message: rejection.message, about });
      onChange(identity.namespace, identity.name);
      prunes.vanished(identity);
    }
  }
}
