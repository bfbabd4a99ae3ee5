import { column, wideColumn } from "./column.ts";
import type { Column } from "./column.ts";
import type { ApiObject } from "./meta.ts";
import { ageText } from "./relative-time.ts";
import type { SourceSpec, SourceStatus } from "./source.ts";

export type SourceObject = ApiObject<SourceSpec, SourceStatus>;

/** What `ds01 get sources` shows. */
export const sourceColumns: readonly Column<SourceObject>[] = [
  column({
    name: "Name",
    format: "name",
    description: "Name of the source.",
    jsonPath: ".metadata.name",
    cell: ({ metadata }) => metadata.name,
  }),
  column({
    name: "Type",
    description: "A directory of this host, or a Git repository.",
    jsonPath: ".spec.type",
    cell: ({ spec }) => spec?.type ?? null,
  }),
  column({
    name: "Ref",
    description: "The branch, tag or commit that is followed.",
    jsonPath: ".spec.ref",
    cell: ({ spec }) => spec?.ref ?? "-",
  }),
  column({
    name: "Applied",
    description: "The commit that is in effect.",
    jsonPath: ".status.appliedRevision",
    cell: ({ status }) => shortRevision(status?.appliedRevision),
  }),
  column({
    name: "Age",
    description: "For how long it has been.",
    cell: ({ status }, nowMs) => since(status?.appliedAt, nowMs),
  }),
  column({
    name: "Newest",
    description: "The commit that was found last.",
    jsonPath: ".status.revision",
    cell: ({ status }) => shortRevision(status?.revision),
  }),
  column({
    name: "Attempt",
    description: "How long ago it was looked for a newer one.",
    cell: ({ status }, nowMs) => since(status?.lastAttempt, nowMs),
  }),
  column({
    name: "Status",
    description: "Synced, or why the newest revision is not in effect.",
    jsonPath: ".status.reason",
    cell: ({ status }) => status?.reason ?? null,
  }),
  wideColumn({
    name: "Files",
    description: "Spec files in effect.",
    jsonPath: ".status.files",
    cell: ({ status }) => status?.files ?? null,
  }),
  wideColumn({
    name: "Signed By",
    description: "Who signed what is in effect.",
    jsonPath: ".status.signer",
    cell: ({ status }) => status?.signer ?? null,
  }),
  wideColumn({
    name: "URL",
    description: "Where it is.",
    jsonPath: ".spec.url",
    cell: ({ spec }) => spec?.url ?? null,
  }),
  wideColumn({
    name: "Message",
    description: "What is wrong, and what helps.",
    jsonPath: ".status.message",
    cell: ({ status }) => status?.message ?? null,
  }),
];

/** A commit as short as people write it; `-`: none. */
export function shortRevision(revision: string | undefined): string {
  return revision === undefined ? "-" : revision.slice(0, 12);
}

function since(time: string | undefined, nowMs: number): string {
  return ageText(time, nowMs) ?? "-";
}
