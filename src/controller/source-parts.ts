import type { SpecIdentity } from "../api/identity.ts";
import type { ParsedDocument } from "../api/parsed-document.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { AdoptionBook } from "./adoption-book.ts";
import { Ingest } from "./ingest.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";
import { Orphans } from "./orphans.ts";
import type { PartHooks } from "./part-hooks.ts";
import { PruneDesk } from "./prune-desk.ts";
import type { Recorder } from "./recorder.ts";
import { SpecIndex } from "./spec-index.ts";
import { storedRecords } from "./stored-record.ts";
import { TombstoneBook } from "./tombstone-book.ts";

/** What follows the spec files. */
export interface SourceParts {
  readonly index: SpecIndex;
  readonly prunes: PruneDesk;
  readonly ingest: Ingest;
  readonly orphans: Orphans;
  readonly tombstones: TombstoneBook;
}

/** Puts together what follows the spec files, with what it asks of the other parts. */
export function sourceParts(
  ports: ManagerPorts,
  { instance, dryRun }: ManagerSettings,
  others: {
    readonly hooks: Pick<PartHooks, "rescan" | "onSpec" | "onSource">;
    readonly recorder: Recorder;
    readonly containers: () => readonly ObservedContainer[];
    readonly adoptions: Pick<AdoptionBook, "uidFor">;
    readonly enqueue: (namespace: string, name: string) => void;
  },
): SourceParts {
  const { store, clock, log, source } = ports;
  const index = new SpecIndex((path) =>
    storedRecords(store).filter(({ source: from }) => from.path === path),
  );
  const shared = { sourceName: source.name, store, index, clock, events: others.recorder, log };
  const tombstones = new TombstoneBook({ document: ports.tombstones, clock, log });
  const prunes = new PruneDesk({
    ...shared,
    hasDirectory: (path) => source.hasDirectory(path),
    dryRun,
    onDelete: (record, cause) => tombstones.note(record, cause),
    rescan: others.hooks.rescan,
    onChange: others.hooks.onSpec,
  });
  const uidFor = ({ namespace, name }: SpecIdentity, document?: ParsedDocument): string => {
    const promised = document?.kind === "ContainerSpec" ? others.adoptions.uidFor(document) : undefined;
    return promised ?? Orphans.uidOf(others.containers(), instance, namespace, name) ?? ports.newUid();
  };
  const ingest = new Ingest({
    ...shared,
    prunes,
    now: () => clock.now(),
    uidFor,
    onChange: others.hooks.onSpec,
    onSynced: others.hooks.onSource,
  });
  const mayBeDeclared = (namespace: string): boolean => index.hasRejected(namespace);
  const orphans = new Orphans({ ...shared, prunes, instance, mayBeDeclared, onChange: others.enqueue });
  return { index, prunes, ingest, orphans, tombstones };
}
