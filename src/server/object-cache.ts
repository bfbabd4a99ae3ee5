import { objectKey } from "../api/meta.ts";
import type { ApiObject } from "../api/meta.ts";

/** One change as watchers get it; `previous` lets a selector notice that an object left it. */
export interface ObjectChange {
  readonly resourceVersion: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ApiObject;
  readonly previous: ApiObject | undefined;
}

/** Where the cache takes resourceVersions from: the one counter of the store. */
export interface VersionCounter {
  current(): number;
  next(): number;
}

/** Share of the history by which it may be too long until it is cut: cutting at each change would copy it each time. */
const spareShare = 0.1;

/**
 * The objects of one resource as the API shows them, and a bounded history of their changes.
 * Watchers share the history and only remember how far they are, so a slow one costs no memory.
 */
export class ObjectCache {
  readonly #versions: VersionCounter;
  readonly #historyLength: number;
  readonly #objects = new Map<string, ApiObject>();
  readonly #listeners = new Set<() => void>();
  /** All objects in order; undefined when one has changed since. */
  #sorted: readonly ApiObject[] | undefined;
  #history: ObjectChange[] = [];
  /** Changes up to here are no longer known. */
  #floor: number;
  /** Highest resourceVersion that a client may have been told. */
  #latest: number;

  constructor(versions: VersionCounter, historyLength: number, objects: readonly ApiObject[]) {
    this.#versions = versions;
    this.#historyLength = historyLength;
    for (const object of objects) this.#objects.set(keyOf(object), object);
    this.#floor = versions.current();
    this.#latest = this.#floor;
  }

  get(namespace: string | undefined, name: string): ApiObject | undefined {
    return this.#objects.get(objectKey(namespace, name));
  }

  /** Sorted by namespace and name. */
  list(): readonly ApiObject[] {
    this.#sorted ??= [...this.#objects.keys()].toSorted().flatMap((key) => this.#objects.get(key) ?? []);
    return this.#sorted;
  }

  /** The resourceVersion of a list taken now. */
  version(): number {
    this.#latest = Math.max(this.#latest, this.#versions.current());
    return this.#latest;
  }

  /** Takes in that an object is now like this, or gone. */
  record(object: ApiObject, deleted: boolean): void {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (deleted && previous === undefined) return;
    const own = Number(object.metadata.resourceVersion);
    // A version at or below what clients were told would be missed by a watch from there.
    const resourceVersion = own > this.#latest ? own : this.#versions.next();
    this.#latest = resourceVersion;
    const current =
      own === resourceVersion
        ? object
        : { ...object, metadata: { ...object.metadata, resourceVersion: String(resourceVersion) } };
    if (deleted) this.#objects.delete(key);
    else this.#objects.set(key, current);
    this.#sorted = undefined;
    const type = deleted ? "DELETED" : previous === undefined ? "ADDED" : "MODIFIED";
    this.#history.push({ resourceVersion, type, object: current, previous });
    if (this.#history.length >= this.#historyLength * (1 + spareShare) + 1) this.#forget();
    for (const listener of this.#listeners) listener();
  }

  /** First change after `version`; undefined when there is none yet, "expired" when it may have been forgotten. */
  next(version: number): ObjectChange | undefined | "expired" {
    if (version < this.#floor || version > this.version()) return "expired";
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#history[middle]?.resourceVersion ?? Infinity) <= version) low = middle + 1;
      else high = middle;
    }
    return this.#history[low];
  }

  /** Oldest version that a watch can start from. */
  oldest(): number {
    return this.#floor;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #forget(): void {
    const forgotten = this.#history.length - this.#historyLength;
    this.#floor = this.#history[forgotten - 1]?.resourceVersion ?? this.#floor;
    this.#history = this.#history.slice(forgotten);
  }
}

function keyOf(object: ApiObject): string {
  return objectKey(object.metadata.namespace, object.metadata.name);
}
