import { labels } from "../../api/names.ts";
import { isAdopted } from "../adoption/adoption.ts";
import type { ObservedContainer } from "../observed.ts";
import { limitDrift, renderDrift, restartPolicyDrift, type FieldDrift } from "../plan/drift.ts";
import { isLive } from "../plan/roles.ts";
import { keeps } from "../quota/engine-limits.ts";
import type { EffectiveLimits, Origin } from "../quota/limits.ts";
import type { Injection } from "../schedule/injection.ts";
import type { AppliedLimits, LifecycleMemory, StepFailure } from "./memory.ts";
import { isPutOff } from "./put-off.ts";

/** What to do about limits that differ from what they should be. */
export interface LimitsAction {
  readonly type: "none" | "update" | "recreate" | "leave";
  readonly limits: AppliedLimits | null;
  readonly restartPolicyNo: boolean;
  readonly cause: string;
  /** Its memory is not lowered, because more is in use; it is tried again at `retryAt`. */
  readonly heldMemory?: boolean;
  readonly retryAt?: number;
}

interface LimitsFacts {
  readonly memory: LifecycleMemory;
  readonly now: number;
  /** The spec, as it is now, may not be. */
  readonly refused: boolean;
}

/** The limits that Docker can change on a live container; those that it cannot keep are left out. */
export function updatableLimits(limits: EffectiveLimits): AppliedLimits {
  const { cannotLimit } = limits;
  return {
    cpus: limits.cpus.value,
    memoryBytes: limits.memoryBytes.value,
    ...(keeps(cannotLimit, "memorySwap") ? { memorySwapBytes: limits.memorySwapBytes.value } : {}),
    pidsLimit: limits.pidsLimit.value,
    ...(keeps(cannotLimit, "io.weight") ? { ioWeight: limits.io.weight.value } : {}),
  };
}

/** NVIDIA's runtime calls the same hook. */
const hooked: ReadonlySet<string> = new Set<Injection>(["hook", "runtime"]);

/**
 * An update in place strips the GPUs of a container that got them from the NVIDIA hook, and cannot take a limit
 * away. So those are recreated when their owner or somebody's hand changed them, and left alone when only a
 * quota changed: a quota edit never stops anyone (DESIGN 5, peers 3.7). So is a wrong restart policy, until it stops.
 * A spec that is refused raises nothing: else who has a container would have more than the quota allows by an edit.
 */
export function limitsAction(
  container: ObservedContainer | null,
  limits: EffectiveLimits,
  { memory, now, refused }: LimitsFacts,
): LimitsAction | null {
  if (container === null) return null;
  const { failure } = memory;
  const due = refused ? notRaised(limits, container.config) : updatableLimits(limits);
  const isHeld = isMemoryInUse(failure) && isPutOff(failure, now) && isLive(container);
  const isLower =
    due.memoryBytes !== null && due.memoryBytes < (container.config.memoryBytes ?? Number.POSITIVE_INFINITY);
  if (!isHeld || !isLower) return actionFor(container, limits, { wanted: due, memory });
  // What can be changed is changed; the memory stays as it is meanwhile.
  const { memoryBytes, memorySwapBytes } = container.config;
  const wanted = { ...due, memoryBytes, ...("memorySwapBytes" in due ? { memorySwapBytes } : {}) };
  const action = actionFor(container, limits, { wanted, memory: { ...memory, applied: null } });
  return { ...action, heldMemory: true, retryAt: failure.nextAt };
}

/** The limits that are due, but where the spec would raise those in effect; what the quota gives is its own to raise. */
function notRaised(limits: EffectiveLimits, found: AppliedLimits): AppliedLimits {
  const due = updatableLimits(limits);
  const bounded = (
    by: readonly { readonly origin: Origin }[],
    value: number | null,
    now: number | null = null,
  ): number | null => (by.some(({ origin }) => origin.from === "spec") ? lower(value, now) : value);
  const { cpus, memoryBytes, memorySwapBytes, pidsLimit, io } = limits;
  return {
    cpus: bounded([cpus], due.cpus, found.cpus),
    memoryBytes: bounded([memoryBytes], due.memoryBytes, found.memoryBytes),
    pidsLimit: bounded([pidsLimit], due.pidsLimit, found.pidsLimit),
    // With the memory together.
    ...(due.memorySwapBytes === undefined
      ? {}
      : {
          memorySwapBytes: bounded(
            [memoryBytes, memorySwapBytes],
            due.memorySwapBytes,
            found.memorySwapBytes,
          ),
        }),
    ...(due.ioWeight === undefined ? {} : { ioWeight: bounded([io.weight], due.ioWeight, found.ioWeight) }),
  };
}

/** The lower of two limits; null is unlimited. */
function lower(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return Math.min(left, right);
}

/** True for an update that would have ended something for lack of memory, and was not made. */
export function isMemoryInUse(failure: StepFailure | null): failure is StepFailure {
  return failure?.step === "update" && failure.reason === "MemoryInUse";
}

/** The failure that everything else waits for: memory that is in use keeps nobody from anything. */
export function failureInTheWay({ failure }: LifecycleMemory): StepFailure | null {
  return failure?.reason === "MemoryInUse" ? null : failure;
}

/** What failed was to have the image: once that is here, it is in nobody's way. */
export function isOfImage({ step }: StepFailure): boolean {
  return step === "pull" || step === "build";
}

function actionFor(
  container: ObservedContainer,
  limits: EffectiveLimits,
  { wanted, memory }: { readonly wanted: AppliedLimits; readonly memory: LifecycleMemory },
): LimitsAction {
  const drift = comparedLimits(container, limitDrift(wanted, container.config), limits);
  const hookAndLive = hooked.has(container.labels[labels.injection] ?? "") && isLive(container);
  const policyDrift = comparedPolicy(container);
  const none: LimitsAction = { type: "none", limits: null, restartPolicyNo: false, cause: "" };
  if (drift.length === 0 && policyDrift.length === 0) return none;
  const byHand = memory.applied !== null && limitDrift(memory.applied, container.config).length > 0;
  const cause = `${byHand || policyDrift.length > 0 ? "changed by hand" : "changed"}: ${renderDrift([...drift, ...policyDrift])}`;
  const restartPolicyNo = policyDrift.length > 0;
  if (drift.length === 0)
    return { type: hookAndLive ? "leave" : "update", limits: null, restartPolicyNo, cause };
  if (!hookAndLive && !takesLimitAway(wanted, drift))
    return { type: "update", limits: wanted, restartPolicyNo, cause };
  if (byHand || drift.some((field) => fromSpec(field, limits))) {
    return { type: "recreate", limits: wanted, restartPolicyNo: false, cause };
  }
  return { type: "leave", limits: null, restartPolicyNo: false, cause };
}

/** Docker's own restarts of an adopted container are in nobody's way while it runs. */
function comparedPolicy(container: ObservedContainer): readonly FieldDrift[] {
  return isAdopted(container) && isLive(container) ? [] : restartPolicyDrift(container);
}

/** Of what was adopted those that its spec states: what a quota supplies counts from its next container on. */
function comparedLimits(
  container: ObservedContainer,
  drift: readonly FieldDrift[],
  limits: EffectiveLimits,
): readonly FieldDrift[] {
  return isAdopted(container) ? drift.filter((field) => fromSpec(field, limits)) : drift;
}

function takesLimitAway(wanted: AppliedLimits, drift: readonly FieldDrift[]): boolean {
  return drift.some(
    ({ field }) =>
      (field === "cpus" && wanted.cpus === null) ||
      (field === "memory" && wanted.memoryBytes === null) ||
      (field === "pidsLimit" && wanted.pidsLimit === null) ||
      (field === "io.weight" && wanted.ioWeight === null),
  );
}

function fromSpec({ field }: FieldDrift, limits: EffectiveLimits): boolean {
  if (field === "cpus") return limits.cpus.origin.from === "spec";
  if (field === "memory") return limits.memoryBytes.origin.from === "spec";
  if (field === "memorySwap") return limits.memorySwapBytes.origin.from === "spec";
  if (field === "io.weight") return limits.io.weight.origin.from === "spec";
  return limits.pidsLimit.origin.from === "spec";
}

/** Docker itself would start it again: its restart policy was changed while it ran. */
export function mayBeRevived({ type, restartPolicyNo }: LimitsAction): boolean {
  return type === "update" && restartPolicyNo;
}
