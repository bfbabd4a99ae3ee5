import type { QuotaPreview } from "../api/quota-preview.ts";
import { parseSpecText } from "../api/parse.ts";
import { expectedIn } from "../api/spec-folders.ts";
import { situationOf } from "../core/lifecycle/situation.ts";
import type { HostView } from "../core/host-view.ts";
import type { Admission } from "../core/quota/admit.ts";
import { quotaChange } from "../core/quota-change.ts";
import type { ContainerRecord, QuotaRecord } from "../core/record.ts";
import type { CandidateSpecs } from "../ports/questions.ts";
import { sha256 } from "../util/hash.ts";
import { sameValue } from "../util/same-value.ts";
import type { HostStateOptions, PreparedFacts } from "./host-state-options.ts";
import type { HostState } from "./host-state.ts";
import { newRecord } from "./new-record.ts";
import { candidatesIn } from "./preview.ts";

export interface QuotaPreviewOptions extends Pick<HostStateOptions, "store" | "clock"> {
  readonly host: HostState;
}

/** Whom a candidate would affect by its quotas: its objects under the quotas of now and under its own; nothing is changed. */
export async function previewQuotas(
  candidate: CandidateSpecs,
  options: QuotaPreviewOptions,
): Promise<QuotaPreview> {
  const { host, store, clock } = options;
  const records = containersOf(candidate, options);
  const [now, then] = [store.list("QuotaSpec"), quotasOf(candidate, options)];
  const users = new Set(records.map(({ namespace }) => namespace));
  for (const user of users) await host.learnGroups(user);
  const prepared = await preparedFor(records, host, [host.viewIf(records, now), host.viewIf(records, then)]);
  // Not before everything is looked up: both are to be of one moment.
  const [before, after] = [host.viewIf(records, now), host.viewIf(records, then)];
  const admissions = new Map(
    [...prepared].map(([record, facts]) => {
      const judged = (view: HostView): Admission => admissionOf(record, host.worldIn(view, record, facts));
      return [record.uid, { before: judged(before), after: judged(after) }] as const;
    }),
  );
  return quotaChange({ records, before, after, admissions });

  function admissionOf({ spec }: ContainerRecord, world: ReturnType<HostState["worldIn"]>): Admission {
    return spec === null ? { type: "admitted" } : situationOf(world, spec, clock.now()).admission;
  }
}

/** What only the system can tell, for everybody whose quota would be another. */
async function preparedFor(
  records: readonly ContainerRecord[],
  host: HostState,
  [before, after]: readonly [HostView, HostView],
): Promise<ReadonlyMap<ContainerRecord, PreparedFacts>> {
  const differs = new Map<string, boolean>();
  const prepared = new Map<ContainerRecord, PreparedFacts>();
  for (const record of records) {
    const { namespace, spec } = record;
    if (!differs.has(namespace))
      differs.set(namespace, !sameValue(before.quotaOf(namespace), after.quotaOf(namespace)));
    // What a sweep is made of is judged, not the sweep.
    if (differs.get(namespace) !== true || spec === null || spec.replicas !== undefined) continue;
    prepared.set(record, await host.prepare(record, { builds: false }));
  }
  return prepared;
}

function containersOf(
  { documents, removed }: CandidateSpecs,
  { store, clock }: QuotaPreviewOptions,
): readonly ContainerRecord[] {
  const gone = removed.filter(({ kind }) => kind === "ContainerSpec").map(keyOf);
  const candidates = documents.flatMap(({ text, path }) => candidatesIn(text, path, { store, clock }));
  // With a sweep goes what it is made of; one of the candidate may have fewer, or be none any more.
  const told = new Set([...gone, ...candidates.map(keyOf)]);
  const isTold = ({ namespace, source: { element } }: ContainerRecord): boolean =>
    element !== undefined && told.has(keyOf({ namespace, name: element.of }));
  const found = new Map<string, ContainerRecord>();
  for (const record of store.list("ContainerSpec")) if (!isTold(record)) found.set(keyOf(record), record);
  for (const key of gone) found.delete(key);
  for (const candidate of candidates) {
    const key = keyOf(candidate);
    const known = store.get("ContainerSpec", key);
    found.set(key, { ...candidate, uid: known?.uid ?? `preview ${key}` });
  }
  return [...found.values()];
}

function quotasOf(
  { documents, removed }: CandidateSpecs,
  { store, clock }: QuotaPreviewOptions,
): readonly QuotaRecord[] {
  const found = new Map(store.list("QuotaSpec").map((record) => [record.name, record]));
  for (const { kind, name } of removed) if (kind === "QuotaSpec") found.delete(name);
  for (const { text, path } of documents) {
    const { kind, namespace } = expectedIn(path);
    const { documents: parsed, problems } = parseSpecText(text, {
      path,
      expect: kind,
      namespaceFromPath: namespace,
    });
    const [document] = parsed;
    if (problems.length > 0 || document?.kind !== "QuotaSpec") continue;
    const { name } = document.identity;
    const source = { source: "preview", path, contentHash: sha256(text), positions: document.positions };
    const base = found.get(name) ?? newRecord(document.identity, source, `preview ${name}`, clock.now());
    if (base.kind === "QuotaSpec") found.set(name, { ...base, source, deletion: null, spec: document.spec });
  }
  return [...found.values()];
}

function keyOf({ namespace, name }: Pick<ContainerRecord, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}
