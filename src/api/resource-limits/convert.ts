import type { Problem } from "../problem.ts";
import { membership } from "./membership.ts";
import { leftOut } from "./note.ts";
import type { Note } from "../import-note.ts";
import { overridesOf } from "./overrides.ts";
import { quotaDrafts } from "./quota-drafts.ts";
import { readSection } from "./read-section.ts";
import type { Surroundings } from "./read-section.ts";
import { renderQuota } from "./render-quota.ts";
import { aggregateOn, defaultGroupOf, instancesPerGpu, tellOfOtherSections } from "./other-sections.ts";
import type { SourceText } from "../yaml-source.ts";
import { YamlSource } from "../yaml-source.ts";

/** The files of the scripts that say who may have what. */
export interface LimitsFiles {
  /** `resource-limits.yaml` */
  readonly limits: SourceText;
  /** `<group>.members`, one a group. */
  readonly members: readonly SourceText[];
  /** `user-overrides.yaml` */
  readonly overrides: SourceText | null;
  /** Where a `lifecycle-exemptions.yaml` lies; it is only told of. */
  readonly exemptions: string | null;
}

/** What becomes of them. */
export interface Conversion {
  /** One QuotaSpec document each; empty when there are problems. */
  readonly quotas: readonly { readonly name: string; readonly text: string }[];
  /** Everything that is wrong with the files, file by file in the order of the text. */
  readonly problems: readonly Problem[];
  /** What is left out, and what is not as it was. */
  readonly notes: readonly Note[];
}

/** Turns the limits of the DS01 scripts into QuotaSpecs; never throws, and reports every problem at once. */
export function convertResourceLimits(files: LimitsFiles): Conversion {
  const source = new YamlSource(files.limits);
  const overridesSource = files.overrides === null ? null : new YamlSource(files.overrides);
  const notes: Note[] = [];
  const fields = new Map(source.entries(source.root, []).map((entry) => [entry.name, entry.value]));
  if (source.problems.length === 0) checkThatItIsOne(source, fields);
  const shared = { notes, perGpu: instancesPerGpu(source, fields), aggregateOn: aggregateOn(source, fields) };
  const around: Surroundings = { ...shared, source };
  const defaults = readSection(fields.get("defaults"), ["defaults"], "defaults", around);
  const read = source.entries(fields.get("groups"), ["groups"]).map(({ name, value, path }) => ({
    name,
    value,
    path,
    section: readSection(value, path, "group", around),
  }));
  const { groups, problems } = membership(read, files.members, around);
  const defaultGroup = defaultGroupOf(fields, groups, around);
  const overrides = overridesOf(fields.get("user_overrides"), around, overridesSource, shared);
  tellOfOtherSections(fields, around);
  const all = [...sorted(source.problems), ...problems, ...sorted(overridesSource?.problems ?? [])];
  if (all.length > 0) return { quotas: [], problems: all, notes: [] };
  if (files.exemptions !== null) {
    const place = { file: files.exemptions, position: { line: 1, column: 1 }, field: "" };
    notes.push(leftOut(place, "exemptions", ""));
  }
  const drafts = quotaDrafts({ file: files.limits.path, defaults, groups, defaultGroup, overrides, notes });
  return {
    quotas: drafts.map((draft) => ({ name: draft.name, text: renderQuota(draft) })),
    problems: [],
    notes,
  };
}

function checkThatItIsOne(source: YamlSource, fields: ReadonlyMap<string, unknown>): void {
  if (["defaults", "groups", "user_overrides"].some((name) => fields.has(name))) return;
  const what = fields.has("apiVersion") ? "this is a file of ds01 itself" : "this is no such file";
  source.problem([], `${what}; resource-limits.yaml has defaults, groups or user_overrides`);
}

function sorted(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    ({ position: one }, { position: other }) =>
      (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0),
  );
}
