import { kindNames } from "../../api/names.ts";
import type { KindName } from "../../api/names.ts";
import type { ApiObject } from "../../api/meta.ts";
import type { CandidateTarget } from "../../api/quota-preview.ts";
import { sweepLabel } from "../../api/sweep.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../declared.ts";
import { exitCodes } from "../exit-codes.ts";
import { previewOf } from "../preview.ts";
import { renderJson } from "../print/json.ts";
import { printable } from "../terminal.ts";
import { reviewed } from "./change-outcome.ts";
import type { ReviewedObject } from "./change-outcome.ts";
import { changesMarkdown, changesSummary } from "./changes-markdown.ts";
import { quotaEffects, withEffects } from "./quota-effects.ts";
import type { Judged } from "./quota-effects.ts";

export interface ReviewOptions {
  readonly output: "text" | "json" | "markdown";
  /** What is declared now and not in the files would be removed. */
  readonly prune: boolean;
}

/** Tells of every declared object what merging would do; resolves with the exit code of `ds01 diff`. */
export async function reviewChanges(
  declared: readonly Declared[],
  { output, prune }: ReviewOptions,
  context: Context,
): Promise<number> {
  const judged: (Judged & { readonly object: ReviewedObject })[] = [];
  for (const one of declared) {
    const preview = await previewOf(one, context);
    const object = reviewed(keyOf(one.kind, one.target.namespace, one.target.name), one.path, preview);
    judged.push({ declared: one, outcome: object.outcome, object });
  }
  const kept = judged.map(({ object }) => object);
  const removed = prune ? await removedBy(kept, context) : [];
  const effects = await quotaEffects(judged, removed.flatMap(targetOf), context);
  const objects = withEffects([...kept, ...removed], effects);
  if (output === "json") context.print(renderJson(objects));
  else if (output === "markdown") context.print(changesMarkdown(objects));
  else context.print(printable(changesText(objects)));
  return codeOf(objects);
}

function codeOf(objects: readonly ReviewedObject[]): number {
  const has = (outcome: ReviewedObject["outcome"]): boolean =>
    objects.some((object) => object.outcome === outcome);
  if (has("invalid")) return exitCodes.usage;
  if (has("refused")) return exitCodes.denied;
  return objects.every(({ outcome }) => outcome === "unchanged") ? exitCodes.done : exitCodes.failed;
}

async function removedBy(
  declared: readonly ReviewedObject[],
  context: Context,
): Promise<readonly ReviewedObject[]> {
  const known = new Set(declared.map(({ object }) => object));
  const removed: ReviewedObject[] = [];
  for (const kind of kindNames.filter(({ observed }) => !observed)) {
    const { items } = await context.client.list(kind, {});
    for (const item of items) {
      const { namespace, name } = item.metadata;
      const object = keyOf(kind, namespace, name);
      if (known.has(object) || isOfSweep(item, items)) continue;
      removed.push({ object, path: pathOf(item), outcome: "removed", fields: [], notes: [] });
    }
  }
  return removed;
}

/** The elements of a sweep stand in no file: what becomes of them is what becomes of the sweep. */
function isOfSweep({ metadata }: ApiObject, all: readonly ApiObject[]): boolean {
  const sweep = /^(.+)-\d+$/.exec(metadata.name)?.[1];
  if (sweep === undefined || metadata.labels?.[sweepLabel] !== sweep) return false;
  return all.some(({ metadata: other }) => other.name === sweep && other.namespace === metadata.namespace);
}

function keyOf(kind: KindName, namespace: string | undefined, name: string): string {
  return [kind.plural, kind.namespaced ? (namespace ?? "") : [], name].flat().join("/");
}

/** What of those that would be removed counts for quotas. */
function targetOf({ object }: ReviewedObject): readonly CandidateTarget[] {
  const [plural, first = "", second = ""] = object.split("/");
  if (plural === "quotas") return [{ kind: "QuotaSpec", namespace: "", name: first }];
  return plural === "containers" ? [{ kind: "ContainerSpec", namespace: first, name: second }] : [];
}

/** Where an object stands now. */
function pathOf(object: ApiObject): string {
  const { source } = (object.status ?? {}) as { readonly source?: { readonly path?: string } };
  return source?.path ?? "";
}

function changesText(objects: readonly ReviewedObject[]): string {
  const lines = objects
    .filter(({ outcome }) => outcome !== "unchanged")
    .flatMap(({ object, outcome, fields, notes }) => [
      `${object}: ${outcome}${fields.length === 0 ? "" : ` (${fields.join(", ")})`}`,
      ...notes.map((note) => `  ${note.replaceAll("\n", "\n  ")}`),
    ]);
  return `${[...lines, changesSummary(objects)].join("\n")}\n`;
}
