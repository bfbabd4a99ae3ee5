import type { Preview } from "../api/description.ts";
import type { ParsedContainerSpec } from "../api/parsed-document.ts";
import { labels } from "../api/names.ts";
import { parseSpecText } from "../api/parse.ts";
import { expectedIn } from "../api/spec-folders.ts";
import { withElements } from "../api/sweep.ts";
import { decide } from "../core/decide.ts";
import { situationOf } from "../core/lifecycle/situation.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { predict } from "../core/plan/predict.ts";
import { plannedSteps } from "../core/plan/render-plan.ts";
import { specChanges } from "../core/plan/spec-changes.ts";
import type { Step } from "../core/plan/step.ts";
import { isLive } from "../core/plan/roles.ts";
import type { ContainerRecord } from "../core/record.ts";
import { describeOverride } from "../core/stop-override.ts";
import type { World } from "../core/world.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import { formatAge } from "../util/duration.ts";
import { sha256 } from "../util/hash.ts";
import { sameValue } from "../util/same-value.ts";
import type { HostState } from "./host-state.ts";
import { newRecord } from "./new-record.ts";
import { storedRecord } from "./stored-record.ts";

/** More passes than any change needs. */
const maximumPasses = 12;

export interface PreviewOptions {
  readonly store: Store;
  readonly host: HostState;
  readonly clock: Clock;
}

/** What would happen if `text` stood in `path`: the same decision, without carrying it out. */
export async function previewText(text: string, path: string, options: PreviewOptions): Promise<Preview> {
  const { kind, namespace } = expectedIn(path);
  const parsed = parseSpecText(text, { path, expect: kind, namespaceFromPath: namespace });
  const identity = parsed.identities[0] ?? { kind, namespace: namespace ?? "", name: "" };
  const empty: Preview = {
    namespace: identity.namespace,
    name: identity.name,
    path,
    exists: false,
    problems: parsed.problems,
    refusal: null,
    changes: [],
    plan: [],
    notes: [],
  };
  const [document] = parsed.documents;
  if (parsed.problems.length > 0 || document === undefined) return empty;
  if (document.kind !== "ContainerSpec") {
    return { ...empty, exists: storedRecord(options.store, document.identity) !== undefined };
  }
  return await previewContainer(document, { ...empty, problems: [] }, options, sha256(text));
}

async function previewContainer(
  document: ParsedContainerSpec,
  empty: Preview,
  { store, host, clock }: PreviewOptions,
  contentHash: string,
): Promise<Preview> {
  const before = store.get("ContainerSpec", `${empty.namespace}/${empty.name}`);
  const candidate = recordOf(document, before, { path: empty.path, contentHash, now: clock.now() });
  const prepared = await host.prepare(candidate);
  const world = host.worldIf(candidate, prepared);
  const situation = situationOf(world, document.spec, clock.now());
  // To stop something is never refused, whatever else the spec asks for.
  const { admission } = situation;
  const refusal = admission.type === "refused" && document.spec.desiredState !== "Stopped" ? admission : null;
  const steps = refusal === null ? wholePlan(world, clock.now()) : [];
  return {
    ...empty,
    exists: before !== undefined,
    refusal: refusal === null ? null : { reason: refusal.reason, message: refusal.message },
    changes: specChanges(before?.spec ?? null, document.spec, world.containers.some(losesGpusByUpdate)),
    plan: plannedSteps(steps),
    ...(world.stopOverride == null ? {} : { override: describeOverride(world.stopOverride) }),
    notes: [
      ...sweepNotes(document),
      ...notesFor(world, steps, { waiting: waitingNote(world, clock.now()), now: clock.now() }),
    ],
  };
}

/** What ingest would make of the document, without its becoming known to anybody. */
function recordOf(
  document: ParsedContainerSpec,
  before: ContainerRecord | undefined,
  { path, contentHash, now }: { readonly path: string; readonly contentHash: string; readonly now: number },
): ContainerRecord {
  // Under the name of another source its files would count as others than those that it runs with.
  const source = {
    source: before?.source.source ?? "preview",
    path,
    contentHash,
    positions: document.positions,
    ...(document.element === undefined ? {} : { element: document.element }),
  };
  const base = before ?? (newRecord(document.identity, source, "preview", now) as ContainerRecord);
  const isChanged = !sameValue(base.spec, document.spec);
  return {
    ...base,
    generation: isChanged ? base.generation + 1 : base.generation,
    source,
    rejection: null,
    pruneBlocked: null,
    deletion: null,
    spec: document.spec,
  };
}

/** The container that `text` would declare in `path`; null with the problems, or when it declares another kind. */
export function candidateFor(
  text: string,
  path: string,
  { store, clock }: Pick<PreviewOptions, "store" | "clock">,
): {
  readonly namespace: string;
  readonly name: string;
  readonly problems: Preview["problems"];
  readonly candidate: ContainerRecord | null;
} {
  const { kind, namespace: expected } = expectedIn(path);
  const parsed = parseSpecText(text, { path, expect: kind, namespaceFromPath: expected });
  const { namespace = expected ?? "", name = "" } = parsed.identities[0] ?? {};
  const { problems } = parsed;
  const [document] = parsed.documents;
  if (problems.length > 0 || document?.kind !== "ContainerSpec")
    return { namespace, name, problems, candidate: null };
  const before = store.get("ContainerSpec", `${namespace}/${name}`);
  const about = { path, contentHash: sha256(text), now: clock.now() };
  return { namespace, name, problems, candidate: recordOf(document, before, about) };
}

/** All containers that `text` would declare in `path`, those of its sweeps too; none where something is wrong with it. */
export function candidatesIn(
  text: string,
  path: string,
  { store, clock }: Pick<PreviewOptions, "store" | "clock">,
): readonly ContainerRecord[] {
  const { kind, namespace } = expectedIn(path);
  const { documents, problems } = parseSpecText(text, { path, expect: kind, namespaceFromPath: namespace });
  if (problems.length > 0) return [];
  const about = { path, contentHash: sha256(text), now: clock.now() };
  return documents.flatMap(withElements).flatMap((document) => {
    if (document.kind !== "ContainerSpec") return [];
    const { identity } = document;
    return [recordOf(document, store.get("ContainerSpec", `${identity.namespace}/${identity.name}`), about)];
  });
}

/** Decides and predicts until nothing is left to do. */
function wholePlan(start: World, now: number): readonly Step[] {
  const steps: Step[] = [];
  let world = start;
  for (let pass = 0; pass < maximumPasses; pass += 1) {
    // A replacement must stay up for a while before the old container goes.
    const at = now + pass * 10_000;
    const decision = decide(world, at);
    if (decision.steps.length === 0) break;
    steps.push(...decision.steps);
    world = predict(world, decision, at);
  }
  return steps;
}

function waitingNote(world: World, now: number): string | null {
  const { fact } = decide(world, now);
  return fact.type === "waiting" || fact.type === "stalled" ? fact.message : null;
}

function notesFor(
  world: World,
  steps: readonly Step[],
  facts: { readonly waiting: string | null; readonly now: number },
): string[] {
  const notes = facts.waiting === null ? [] : [`It waits: ${facts.waiting}`];
  const stopped = world.containers.filter(
    (container) => isLive(container) && steps.some((step) => step.do === "stop" && step.id === container.id),
  );
  for (const { name, startedAt } of stopped) {
    const age =
      startedAt === null ? "" : `; ${name} has been running for ${formatAge(facts.now - startedAt)}`;
    notes.push(`The process restarts${age}.`);
  }
  if (steps.some((step) => step.do === "remove")) notes.push("Files outside its volumes are lost.");
  return notes;
}

/** A sweep has no steps of its own. */
function sweepNotes({ spec, identity: { name } }: ParsedContainerSpec): string[] {
  if (spec.replicas === undefined) return [];
  const beside = spec.parallelism === undefined ? "" : `, ${spec.parallelism} at the same time at most`;
  const last = spec.replicas === 1 ? "" : ` to ${name}-${spec.replicas - 1}`;
  return [`It is ${spec.replicas} containers${beside}: ${name}-0${last}, each with steps of its own.`];
}

function losesGpusByUpdate(container: ObservedContainer): boolean {
  return container.labels[labels.injection] === "hook" && isLive(container);
}
