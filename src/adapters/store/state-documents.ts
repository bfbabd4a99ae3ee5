import { join } from "node:path";
import type { StateDocument } from "../../ports/state-document.ts";
import { documentFile, type DocumentFileOptions } from "./document-file.ts";

/** What a controller keeps beside its objects, each in a file of its own. */
const files = {
  recentUse: "recent-use.json",
  runHistory: "run-history.json",
  idleness: "idleness.json",
  keepAlives: "keep-alives.json",
  ownCgroups: "aggregate-cgroups.json",
  aliasTags: "alias-tags.json",
  emergencyStops: "emergency-stops.json",
  stopOverrides: "stop-overrides.json",
  suspensions: "source-suspensions.json",
  ownSlices: "mig-slices.json",
  adoptions: "adoptions.json",
  tombstones: "tombstones.json",
} as const;

/** The documents of a state directory, by what they are for. */
export function stateDocuments({
  stateDir,
  ...options
}: Omit<DocumentFileOptions, "path"> & { readonly stateDir: string }): Readonly<
  Record<keyof typeof files, StateDocument>
> {
  const documents = Object.entries(files).map(([use, name]) => [
    use,
    documentFile({ ...options, path: join(stateDir, name) }),
  ]);
  return Object.fromEntries(documents) as Record<keyof typeof files, StateDocument>;
}
