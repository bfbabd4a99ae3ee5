import type { SourceStatus } from "../api/source.ts";
import { filesInEffect } from "../core/file-count.ts";
import { formatTime } from "../core/format-time.ts";
import { describeSuspension, type SourceSuspension } from "../core/source-suspension.ts";
import type { SourceRecord, View, ViewChange } from "../ports/control-plane.ts";
import { sameValue } from "../util/same-value.ts";
import type { KnownSource, SourceBook } from "./source-book.ts";

/** Source objects, made of what is known of each; watchers are told only of real changes. */
export class SourceView implements View<SourceRecord> {
  readonly #nextResourceVersion: () => number;
  readonly #startedAt: number;
  readonly #book: SourceBook;
  readonly #suspensionOf: (source: string) => SourceSuspension | null;
  readonly #listeners = new Set<(change: ViewChange<SourceRecord>) => void>();
  readonly #records = new Map<string, SourceRecord>();

  constructor(
    book: SourceBook,
    options: {
      readonly nextResourceVersion: () => number;
      readonly startedAt: number;
      readonly suspensionOf: (source: string) => SourceSuspension | null;
    },
  ) {
    this.#book = book;
    this.#nextResourceVersion = options.nextResourceVersion;
    this.#startedAt = options.startedAt;
    this.#suspensionOf = options.suspensionOf;
    for (const known of book.list()) this.update(known);
  }

  list(): readonly SourceRecord[] {
    return [...this.#records.values()];
  }

  onChange(listener: (change: ViewChange<SourceRecord>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something beside the reading of a source has changed. */
  refresh(source: string): void {
    const known = this.#book.list().find(({ source: { name } }) => name === source);
    if (known !== undefined) this.update(known);
  }

  update(known: KnownSource): void {
    const { name, place } = known.source;
    const status = statusOf(known, this.#suspensionOf(name));
    const before = this.#records.get(name);
    if (before !== undefined && sameValue(before.status, status)) return;
    const object: SourceRecord = {
      name,
      uid: `source-${name}`,
      resourceVersion: this.#nextResourceVersion(),
      createdAt: this.#startedAt,
      spec: place,
      status,
    };
    this.#records.set(name, object);
    const type = before === undefined ? "ADDED" : "MODIFIED";
    for (const listener of this.#listeners) listener({ type, object });
  }
}

function statusOf({ state, report }: KnownSource, suspension: SourceSuspension | null): SourceStatus {
  const synced = state.type === "synced";
  return {
    synced,
    ...(synced ? { files: state.files } : {}),
    ...(report?.revision == null ? {} : { revision: report.revision }),
    ...(report?.appliedRevision == null ? {} : { appliedRevision: report.appliedRevision }),
    ...(report?.appliedAt == null ? {} : { appliedAt: formatTime(report.appliedAt) }),
    ...(report?.signer === undefined ? {} : { signer: report.signer }),
    ...(report?.attemptedAt == null ? {} : { lastAttempt: formatTime(report.attemptedAt) }),
    ...(suspension === null ? verdict(state, report) : suspended(suspension)),
  };
}

function suspended(suspension: SourceSuspension): Pick<SourceStatus, "suspended" | "reason" | "message"> {
  const { by, at, reason } = suspension;
  return {
    suspended: { since: formatTime(at), by, ...(reason === null ? {} : { reason }) },
    reason: suspension.unreadable === true ? "SuspensionsUnreadable" : "Suspended",
    message: describeSuspension(suspension),
  };
}

function verdict(
  state: KnownSource["state"],
  report: KnownSource["report"],
): Pick<SourceStatus, "reason" | "message"> {
  if (report?.failure != null) return report.failure;
  if (state.type === "unavailable") return { reason: "SourceUnavailable", message: state.message };
  if (state.type === "unread") return { reason: "NotReadYet", message: "it has not been read yet" };
  return { reason: "Synced", message: filesInEffect(state.files) };
}
