import type {
  RefusedFile,
  SourceChanges,
  SourcedText,
  SpecSink,
  SyncReport,
} from "../../src/ports/spec-source.ts";

/** A SpecSink that remembers what it was told, as events and as the state that follows from them. */
export class RecordingSink implements SpecSink {
  readonly events: string[] = [];
  readonly texts = new Map<string, SourcedText>();
  readonly refusals = new Map<string, RefusedFile>();
  /** Number of files of each complete scan. */
  readonly scans: number[] = [];
  readonly outages: string[] = [];
  readonly reports: SyncReport[] = [];

  upsert(document: SourcedText): void {
    this.events.push(`upsert ${document.path}`);
    this.texts.set(document.path, document);
    this.refusals.delete(document.path);
  }

  refuse(file: RefusedFile): void {
    this.events.push(`refuse ${file.path} ${file.reason}`);
    this.refusals.set(file.path, file);
  }

  remove(path: string): void {
    this.events.push(`remove ${path}`);
    this.texts.delete(path);
    this.refusals.delete(path);
  }

  publish({ upserts, refusals, removals }: SourceChanges): void {
    for (const path of removals) this.remove(path);
    for (const file of refusals) this.refuse(file);
    for (const document of upserts) this.upsert(document);
  }

  report(report: SyncReport): void {
    this.reports.push(report);
  }

  synced(files: number): void {
    this.scans.push(files);
  }

  unavailable(message: string): void {
    this.events.push("unavailable");
    this.outages.push(message);
  }
}
