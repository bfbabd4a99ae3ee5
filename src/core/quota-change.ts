import type { AffectedObject, OverQuota, QuotaPreview } from "../api/quota-preview.ts";
import { groupBy } from "../util/group-by.ts";
import { formatTime } from "./format-time.ts";
import type { HostView } from "./host-view.ts";
import { isFinished } from "./lifecycle/finished-run.ts";
import { isLive } from "./plan/roles.ts";
import type { Admission } from "./quota/admit.ts";
import { countsAsContainer } from "./quota/counts-as-container.ts";
import { fitsWithin } from "./quota/gpu-equivalents.ts";
import type { Sourced } from "./quota/limits.ts";
import type { ContainerRecord } from "./record.ts";

/** What scheduling says of work that only a quota, its own or another's, keeps from starting. */
const quotaReasons: ReadonlySet<string> = new Set(["WaitingForQuota", "WaitingForCohort"]);

/** The same objects under the quotas of now and under those to come. */
export interface QuotaChangeInput {
  readonly records: readonly ContainerRecord[];
  readonly before: HostView;
  readonly after: HostView;
  /** Whether the container of an object might be made, by uid; absent for those whose owner's quota stays as it is. */
  readonly admissions: ReadonlyMap<string, { readonly before: Admission; readonly after: Admission }>;
}

/** Whom other quotas would affect: who would be over them, and what of theirs would wait, be refused or count as borrowed. */
export function quotaChange(input: QuotaChangeInput): QuotaPreview {
  const { records } = input;
  const users = [...groupBy(records, ({ namespace }) => namespace)].toSorted(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return {
    over: users.flatMap(([user, own]) => overOf(user, own, input)),
    objects: users.flatMap(([, own]) => own.flatMap((record) => affected(record, input))),
  };
}

function overOf(
  user: string,
  own: readonly ContainerRecord[],
  { before, after }: QuotaChangeInput,
): readonly OverQuota[] {
  const { containers, gpuEquivalents, holders } = after.usage(user, null);
  const [now, then] = [before.quotaOf(user), after.quotaOf(user)];
  const counted = own
    .filter((record) => countsAsContainer(record, after.containersOf.get(record.uid) ?? []))
    .map(({ namespace, name }) => ({ name: `${namespace}/${name}`, amount: 1 }));
  const devices = holders
    .filter((holder) => holder.gpuEquivalents > 0)
    .map((holder) => ({ name: holder.name, amount: holder.gpuEquivalents }));
  const about = (
    limit: OverQuota["limit"],
    used: number,
    [bound, next]: readonly [now: Sourced<number | null>, next: Sourced<number | null>],
  ): Omit<OverQuota, "objects"> | null => {
    const { value: allowed, origin } = next;
    const over = excess(used, allowed);
    if (allowed === null || fitsWithin(over, excess(used, bound.value))) return null;
    return { user, limit, used, allowed, over, quota: origin.quota, place: origin.place };
  };
  const few = about("containers", containers, [now.maxContainers, then.maxContainers]);
  const small = about("gpuEquivalents", gpuEquivalents, [now.gpuNominal, then.gpuNominal]);
  return [
    ...(few === null ? [] : [{ ...few, objects: counted }]),
    ...(small === null ? [] : [{ ...small, objects: devices }]),
  ];
}

function excess(used: number, allowed: number | null): number {
  return allowed === null ? 0 : Math.max(0, used - allowed);
}

function affected(record: ContainerRecord, input: QuotaChangeInput): readonly AffectedObject[] {
  const { spec, namespace, name, uid, deletion, memory } = record;
  // A sweep is made of objects of its own.
  if (spec === null || deletion !== null || spec.replicas !== undefined) return [];
  const { before, after, admissions } = input;
  const running = (after.containersOf.get(uid) ?? []).some(isLive);
  const about = {
    user: namespace,
    name: `${namespace}/${name}`,
    running,
    quota: after.quotaOf(namespace).primary,
  };
  const found: AffectedObject[] = [];
  const wantsToRun = spec.desiredState !== "Stopped" && !isFinished(memory.finished, spec);
  const standing = wantsToRun ? standingIn(after, uid, running, admissions.get(uid)?.after) : null;
  const earlier = standingIn(before, uid, running, admissions.get(uid)?.before);
  if (standing !== null && standing.outcome !== earlier?.outcome) found.push({ ...about, ...standing });
  if (after.borrowers.has(uid) && !before.borrowers.has(uid))
    found.push({
      ...about,
      outcome: "borrows",
      reason: "Borrowing",
      message: whatBorrowingMeans(uid, after),
    });
  return found;
}

type Standing = Pick<AffectedObject, "outcome" | "reason" | "message">;

/** What its quota keeps an object from; null where it does from nothing. */
function standingIn(
  { outcomes }: HostView,
  uid: string,
  running: boolean,
  admission: Admission | undefined,
): Standing | null {
  if (admission?.type === "refused")
    return { outcome: "refused", reason: admission.reason, message: admission.message };
  if (running) return null;
  if (admission?.type === "waiting" && quotaReasons.has(admission.reason))
    return { outcome: "queued", reason: admission.reason, message: admission.message };
  const outcome = outcomes.get(uid);
  if (outcome?.type !== "waiting" || !quotaReasons.has(outcome.reason)) return null;
  return { outcome: "queued", reason: outcome.reason, message: outcome.message };
}

/** Borrowed devices are lent until somebody needs them who may have them by their own quota; with notice, always. */
function whatBorrowingMeans(uid: string, { outcomes }: HostView): string {
  for (const outcome of outcomes.values()) {
    if (outcome.type !== "waiting" || outcome.nomination === undefined) continue;
    const { victims, at } = outcome.nomination;
    if (victims.some((victim) => victim.uid === uid))
      return `its GPUs are asked for already by somebody within quota: it is given notice, and gives way at ${formatTime(at)}`;
  }
  return "it keeps its GPUs until somebody needs them within quota, and is given notice then";
}
