import { undeleteMs, type DeletedObject } from "../api/deleted-object.ts";
import { apiVersion } from "../api/names.ts";
import { formatTime } from "./format-time.ts";
import type { StoredRecord } from "./record.ts";

/** More are not kept: the oldest go first. */
export const tombstonesMax = 1000;

/** What is left of an object whose deletion was let through. */
export interface Tombstone {
  readonly kind: StoredRecord["kind"];
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: unknown;
  /** Milliseconds since the epoch. */
  readonly deletedAt: number;
  readonly cause: string;
}

/** What to keep of a record; null for what no text declares: what never parsed, and the elements of sweeps. */
export function tombstoneOf(record: StoredRecord, cause: string, now: number): Tombstone | null {
  const { kind, namespace, name, labels, annotations, spec, source } = record;
  if (spec === null || source.element !== undefined) return null;
  return { kind, namespace, name, path: source.path, labels, annotations, spec, deletedAt: now, cause };
}

/** The tombstones with one more: the newest of each object, those that can still be brought back, the newest first. */
export function withTombstone(
  before: readonly Tombstone[],
  added: Tombstone,
  now: number,
): readonly Tombstone[] {
  const others = before.filter((one) => identityOf(one) !== identityOf(added));
  return standing([added, ...others], now).slice(0, tombstonesMax);
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

function identityOf({ kind, namespace, name }: Tombstone): string {
  return `${kind} ${namespace}/${name}`;
}
