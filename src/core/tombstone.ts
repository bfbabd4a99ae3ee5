import { undeleteMs, type DeletedObject } from "../api/deleted-object.ts";
import { apiVersion } from "../api/names.ts";
import { formatTime } from "./format-time.ts";
import type { StoredRecord } from "./record.ts";

/** More are not kept: the oldest go first. */
export const tombstonesMax = 1000;
/** Of one user: objects, and characters of what they said. All are written with each deletion. */
const ownMax = { objects: 100, characters: 1_048_576 } as const;

/** What is left of an object whose deletion was let through. */
export interface Tombstone {
  readonly kind: StoredRecord["kind"];
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: unknown;
  /** UUIDs of the devices that it held last; absent: none. */
  readonly gpus?: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly deletedAt: number;
  readonly cause: string;
}

/** What to keep of a record; null for what no text declares: what never parsed, and the elements of sweeps. */
export function tombstoneOf(record: StoredRecord, cause: string, now: number): Tombstone | null {
  const { kind, namespace, name, labels, annotations, spec, source } = record;
  if (spec === null || source.element !== undefined) return null;
  const gpus = devicesOf(record);
  return {
    kind,
    namespace,
    name,
    path: source.path,
    labels,
    annotations,
    spec,
    ...(gpus.length === 0 ? {} : { gpus }),
    deletedAt: now,
    cause,
  };
}

/** What it held, or would have got again first. */
function devicesOf(record: StoredRecord): readonly string[] {
  if (record.kind !== "ContainerSpec") return [];
  const { lastGpus, formerGpus = [] } = record.memory;
  return lastGpus.length > 0 ? lastGpus : formerGpus;
}

/** A new object with what is still known of one of its name that was removed: which devices that held. */
export function recalled(fresh: StoredRecord, tombstones: readonly Tombstone[]): StoredRecord {
  if (fresh.kind !== "ContainerSpec") return fresh;
  const of = identityOf(fresh);
  const gpus = tombstones.find((tombstone) => identityOf(tombstone) === of)?.gpus;
  return gpus === undefined ? fresh : { ...fresh, memory: { ...fresh.memory, formerGpus: gpus } };
}

/** The tombstones with one more: the newest of each object, those that can still be brought back, the newest first. */
export function withTombstone(
  before: readonly Tombstone[],
  added: Tombstone,
  now: number,
): readonly Tombstone[] {
  const others = before.filter((one) => identityOf(one) !== identityOf(added));
  return standing(withinShare([added, ...others], added.namespace), now).slice(0, tombstonesMax);
}

/** What a user has deleted last, and all of everybody else; what belongs to no namespace only admins delete. */
function withinShare(tombstones: readonly Tombstone[], namespace: string): readonly Tombstone[] {
  if (namespace === "") return tombstones;
  const used = { objects: 0, characters: 0 };
  return tombstones.filter((one) => {
    if (one.namespace !== namespace) return true;
    used.objects += 1;
    used.characters += JSON.stringify([one.spec, one.labels, one.annotations]).length;
    // The last one can be brought back however long it is.
    return used.objects === 1 || (used.objects <= ownMax.objects && used.characters <= ownMax.characters);
  });
}

/** Those that can still be brought back. A clock that was set back brings none back for longer. */
export function standing(tombstones: readonly Tombstone[], now: number): readonly Tombstone[] {
  return tombstones.filter(({ deletedAt }) => now - deletedAt < undeleteMs);
}

/** As the API tells it. */
export function deletedObject(tombstone: Tombstone): DeletedObject {
  const { kind, namespace, name, path, labels, annotations, spec, deletedAt, cause } = tombstone;
  return {
    kind,
    namespace,
    name,
    path,
    deletedAt: formatTime(deletedAt),
    until: formatTime(deletedAt + undeleteMs),
    cause,
    document: {
      apiVersion,
      kind,
      metadata: {
        name,
        ...(namespace === "" ? {} : { namespace }),
        ...(Object.keys(labels).length === 0 ? {} : { labels }),
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      },
      spec,
    },
  };
}

function identityOf({ kind, namespace, name }: Pick<Tombstone, "kind" | "namespace" | "name">): string {
  return `${kind} ${namespace}/${name}`;
}
