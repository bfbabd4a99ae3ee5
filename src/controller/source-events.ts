import { apiVersion } from "../api/names.ts";
import type { InvolvedObject } from "../api/event.ts";
import type { Happening } from "../ports/event-sink.ts";
import type { SyncReport } from "../ports/spec-source.ts";
import type { KnownSource } from "./source-book.ts";

/** A source, for events about it. */
export function aboutSource(name: string): InvolvedObject {
  return { apiVersion, kind: "Source", name, uid: `source-${name}` };
}

/** What is to be told of a source's last attempt: each failure (like ones are counted), and a revision that is new. */
export function sourceEvent(known: KnownSource, before: KnownSource): Happening | null {
  const { report, source } = known;
  if (report === null || report === before.report) return null;
  const about = aboutSource(source.name);
  if (report.failure !== null) {
    const { reason, message } = report.failure;
    return { type: "Warning", reason: "SourceFailed", message: `${reason}: ${message}`, about };
  }
  const { ref = "HEAD" } = source.place;
  if (report.rewrittenFrom !== undefined) return rewritten(report, ref, about);
  if (report.appliedRevision === null || report.appliedRevision === before.report?.appliedRevision)
    return null;
  const signed = report.signer === undefined ? "" : `, signed by ${report.signer}`;
  return {
    type: "Normal",
    reason: "SourceSynced",
    message: `${report.appliedRevision} of ${ref} is in effect${signed}`,
    about,
  };
}

function rewritten(
  { appliedRevision, rewrittenFrom }: SyncReport,
  ref: string,
  about: InvolvedObject,
): Happening {
  return {
    type: "Warning",
    reason: "HistoryRewritten",
    message: `${appliedRevision} of ${ref}, which is in effect, does not go on from ${rewrittenFrom}, which was: somebody has pushed by force, or the configuration names another branch`,
    about,
  };
}
