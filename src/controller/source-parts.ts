import type { SpecIdentity } from "../api/identity.ts";
import type { ParsedDocument } from "../api/parsed-document.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { AdoptionBook } from "./adoption-book.ts";
import { BranchDesk } from "./branch-desk.ts";
import { Ingest } from "./ingest.ts";
import { FieldNoteDesk } from "./field-note-desk.ts";
import type { ManagerPorts, ManagerSettings } from "./manager-ports.ts";
import { Orphans } from "./orphans.ts";
import type { PartHooks } from "./part-hooks.ts";
import { PruneDesks } from "./prune-desks.ts";
import type { Recorder } from "./recorder.ts";
import { SourceBook } from "./source-book.ts";
import { SourceView } from "./source-view.ts";
import { SpecIndex } from "./spec-index.ts";
import { RevisionStatusDesk } from "./revision-status-desk.ts";
import { SuspensionDesk } from "./suspension-desk.ts";
import { lastDeclared, storedRecords } from "./stored-record.ts";
import { TombstoneBook } from "./tombstone-book.ts";

/** What follows the spec files. */
export interface SourceParts {
  readonly book: SourceBook;
  readonly sources: SourceView;
  readonly index: SpecIndex;
  readonly prunes: PruneDesks;
  readonly ingest: Ingest;
  readonly orphans: Orphans;
  readonly tombstones: TombstoneBook;
  readonly suspensions: SuspensionDesk;
  readonly fieldNotes: FieldNoteDesk;
  readonly branches: BranchDesk;
}

/** Puts together what follows the spec files, with what it asks of the other parts. */
export function sourceParts(
  ports: ManagerPorts,
  { instance, dryRun, deletionPolicy = "stop" }: ManagerSettings,
  others: {
    readonly hooks: Pick<PartHooks, "onSpec">;
    readonly book: SourceBook;
    readonly recorder: Recorder;
    readonly containers: () => readonly ObservedContainer[];
    readonly adoptions: Pick<AdoptionBook, "uidFor">;
    readonly enqueue: (namespace: string, name: string) => void;
  },
): SourceParts {
  const { store, clock, log, sources } = ports;
  const { book } = others;
  const index = new SpecIndex((source, path) => lastDeclared(storedRecords(store), source, path));
  const shared = { store, index, clock, events: others.recorder, log };
  const tombstones = new TombstoneBook({ document: ports.tombstones, clock, log });
  const prunes = new PruneDesks({
    ...shared,
    sources,
    book,
    settled: () => ingest.settled(),
    dryRun,
    deletionPolicy,
    onDelete: (record, cause) => tombstones.note(record, cause),
    onChange: others.hooks.onSpec,
  });
  store.onChange(({ record }) => prunes.changed(record));
  const uidFor = ({ namespace, name }: SpecIdentity, document?: ParsedDocument): string => {
    const promised = document?.kind === "ContainerSpec" ? others.adoptions.uidFor(document) : undefined;
    const carried = Orphans.uidOf(others.containers(), instance, namespace, name);
    // Two objects of one uid would take turns in making its containers their own.
    const isTaken = store
      .list("ContainerSpec")
      .some((other) => other.uid === carried && (other.namespace !== namespace || other.name !== name));
    return promised ?? (isTaken ? undefined : carried) ?? ports.newUid();
  };
  const fieldNotes = new FieldNoteDesk(store, () => clock.now());
  const ingest: Ingest = new Ingest({
    ...shared,
    prunes,
    book,
    now: () => clock.now(),
    uidFor,
    noted: (before, next) => fieldNotes.noted(before, before === undefined ? tombstones.recall(next) : next),
    onChange: others.hooks.onSpec,
  });
  const rejectedFile = (namespace: string): string | undefined => index.rejectedFile(namespace);
  // What no source declares is judged with what the first one has.
  const sourceName = sources[0]?.name ?? "";
  const orphans = new Orphans({
    ...shared,
    sourceName,
    prunes,
    instance,
    rejectedFile,
    onChange: others.enqueue,
  });
  const suspensions = new SuspensionDesk({
    ...shared,
    sources,
    document: ports.suspensions,
    onChange: (source) => view.refresh(source),
  });
  const view: SourceView = new SourceView(book, {
    nextResourceVersion: () => store.nextResourceVersion(),
    startedAt: clock.now(),
    suspensionOf: (source) => suspensions.of(source),
  });
  const statuses = new RevisionStatusDesk({ ...shared, sources, dryRun });
  book.onReport = (known) => statuses.note(known);
  const branches = new BranchDesk({ ...shared, sources, dryRun });
  return {
    book,
    sources: view,
    index,
    prunes,
    ingest,
    orphans,
    tombstones,
    suspensions,
    fieldNotes,
    branches,
  };
}
