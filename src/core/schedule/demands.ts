import type { ContainerSpecSpec } from "../../api/container.ts";
import { labels } from "../../api/names.ts";
import { remainingRuntimeMs } from "../expiry.ts";
import { devicesToLeave, type ReservedDevices } from "../health/relocation.ts";
import { isFinished } from "../lifecycle/finished-run.ts";
import { isOfImage } from "../lifecycle/limits-action.ts";
import { isPutOff } from "../lifecycle/put-off.ts";
import type { ObservedContainer } from "../observed.ts";
import { isLive } from "../plan/roles.ts";
import { specHash } from "../plan/spec-hash.ts";
import type { EffectiveLimits, ResolvedQuota } from "../quota/limits.ts";
import { formatGpuEquivalents } from "../quota/gpu-equivalents.ts";
import { grantOf } from "../quota/gpu-violations.ts";
import { violations } from "../quota/violations.ts";
import type { ContainerRecord } from "../record.ts";
import { mismatch } from "./allocate.ts";
import { borrowingOf } from "./borrowing.ts";
import { canCombine } from "./choose-devices.ts";
import type { Device } from "./device.ts";
import type { GoneDevice } from "./given-devices.ts";
import type { DeviceDemand, ManagedClaim } from "./lease.ts";
import { type DeviceRequirement, requirementOf } from "./requirement.ts";
import { wantedDevices, type WantedDevices } from "./wanted-devices.ts";
import { submittedAt } from "./submitted-at.ts";

/** One object as the queue sees it. */
export interface DemandInput {
  readonly record: ContainerRecord;
  readonly limits: EffectiveLimits;
  readonly quota: ResolvedQuota;
  readonly claim: ManagedClaim | null;
  /** The object's own. */
  readonly containers: readonly ObservedContainer[];
  readonly devices: readonly Device[];
  /** GPU-equivalents that the namespace's objects hold now, this one included. */
  readonly used: number;
  readonly inputsReady: boolean;
  /** True while an admin has stopped everything of this user; absent: false. */
  readonly isStopped?: boolean;
  /** True while it may not start for what has nothing to do with devices; absent: false. */
  readonly isKeptBack?: boolean;
  /** Of its devices those on which it does not start again, as they are reserved for others; absent: none. */
  readonly reserved?: ReservedDevices;
  readonly now: number;
}

/** The devices an object still needs, or null when it needs none now. */
export function demandOf(input: DemandInput): DeviceDemand | null {
  const { record, claim, devices, quota, limits, now } = input;
  const { spec, memory } = record;
  if (spec === null) return null;
  const request = ownDevices(spec);
  if (request === undefined) return null;
  const ready = input.inputsReady || needsOnlyStart(spec, input.containers);
  if (isHeldBack(input) || !mayStart(record, spec, { ready, now })) return null;
  const left = leaves(input);
  if (claim !== null && left.length === 0 && mayKeep(input, spec) && satisfies(request, claim, devices)) {
    return null;
  }
  const nominal = quota.gpuNominal.value;
  const changing: ChangingPart = {
    uid: record.uid,
    submittedAt: submittedAt(record, now),
    preferred: memory.lastGpus,
    reclaims: mayReclaim(memory),
    ready,
    quotaLeft: nominal === null ? null : nominal - input.used + equivalents(left),
    maxRuntimeMs: remainingRuntimeMs(input.containers, record, limits),
  };
  const known = knownDemands.get(spec);
  if (known !== undefined && isStill(known, input, changing)) return known.demand;
  const demand = isForbidden(spec, input) ? null : { ...lastingPart(spec, request, input), ...changing };
  knownDemands.set(spec, { quota, limits, devices, demand });
  return demand;
}

/** A sweep holds nothing itself. */
function ownDevices(spec: ContainerSpecSpec): WantedDevices | undefined {
  return spec.replicas === undefined ? wantedDevices(spec) : undefined;
}

function isHeldBack({ isStopped = false, isKeptBack = false }: DemandInput): boolean {
  return isStopped || isKeptBack;
}

/** What of a demand may be another at each look; the rest follows from spec, quota, limits and devices. */
type ChangingPart = Pick<
  DeviceDemand,
  "uid" | "submittedAt" | "preferred" | "reclaims" | "ready" | "quotaLeft" | "maxRuntimeMs"
>;

interface KnownDemand extends Pick<DemandInput, "quota" | "limits" | "devices"> {
  /** Null when the quota forbids it. */
  readonly demand: DeviceDemand | null;
}

/** Of a thousand that wait hardly one is another at the next look; the same one is known to the queue already. */
const knownDemands = new WeakMap<ContainerSpecSpec, KnownDemand>();

function isStill(known: KnownDemand, input: DemandInput, changing: ChangingPart): boolean {
  const { quota, limits, devices, demand } = known;
  if (quota !== input.quota || limits !== input.limits || devices !== input.devices) return false;
  return (
    demand === null ||
    (demand.uid === changing.uid &&
      demand.submittedAt === changing.submittedAt &&
      demand.preferred === changing.preferred &&
      demand.reclaims === changing.reclaims &&
      demand.ready === changing.ready &&
      demand.quotaLeft === changing.quotaLeft &&
      demand.maxRuntimeMs === changing.maxRuntimeMs)
  );
}

function isForbidden(spec: ContainerSpecSpec, { record, quota, devices }: DemandInput): boolean {
  const object = `${record.namespace}/${record.name}`;
  return violations(spec, quota, { object, devices, realPaths: new Map() }).length > 0;
}

function lastingPart(
  spec: ContainerSpecSpec,
  request: WantedDevices,
  { record, quota, limits }: DemandInput,
): Omit<DeviceDemand, keyof ChangingPart> {
  const borrowing = borrowingOf(quota, spec.preemptible === true);
  return {
    namespace: record.namespace,
    name: record.name,
    ...requirementOf(request, grantOf(quota)),
    ...(record.memory.formerGpus === undefined ? {} : { former: record.memory.formerGpus }),
    ...(request.strategy === undefined ? {} : { strategy: request.strategy }),
    priority: limits.priority.value,
    quotaText: quotaText(quota, spec.preemptible === true),
    ...(borrowing === undefined ? {} : { borrowing }),
  };
}

/** Devices it has to give up; they count no more against its quota. */
function leaves({ claim, containers, devices, reserved }: DemandInput): readonly Device[] {
  if (claim === null) return [];
  const held = devices.filter(({ uuid }) => claim.deviceUuids.includes(uuid));
  return devicesToLeave(held, containers.some(isLive), reserved);
}

function equivalents(devices: readonly Device[]): number {
  return devices.reduce((sum, { gpuEquivalents }) => sum + gpuEquivalents, 0);
}

/** It should be running still: it crashed, was lost, or ds01 itself is starting it again. */
function mayReclaim({ lastGpus, stopCause, finished }: ContainerRecord["memory"]): boolean {
  const isOurs = stopCause === null || stopCause === "GpuAccessLost" || stopCause === "RestartRequested";
  return lastGpus.length > 0 && isOurs && finished === null;
}

/**
 * False for what is stopped as declared, done, on its way out, or kept back by something else than devices:
 * those would be set aside for it, unused, while others wait.
 */
function mayStart(
  record: ContainerRecord,
  spec: ContainerSpecSpec,
  { ready, now }: { readonly ready: boolean; readonly now: number },
): boolean {
  const { deletion, memory, generation } = record;
  if (deletion !== null || spec.desiredState === "Stopped") return false;
  if (isFinished(memory.finished, spec)) return false;
  const { failure } = memory;
  const fails = failure?.generation === generation && isPutOff(failure, now);
  // An image that could not be pulled may have come another way.
  if (fails && !(ready && isOfImage(failure))) return false;
  return !wasKeptBack(record);
}

/** True when a container of this spec is there: it has the image it was made from. */
function needsOnlyStart(spec: ContainerSpecSpec, containers: readonly ObservedContainer[]): boolean {
  return containers.some(
    (container) => container.labels[labels.specHash] === specHash(spec) && !isLive(container),
  );
}

/** What its last look found: not admitted (a missing mount or account, maxContainers), or its name is taken. */
export function wasKeptBack({ status, generation }: ContainerRecord): boolean {
  if (status.observedGeneration !== generation) return false;
  return (
    status.reason === "NameConflict" ||
    status.reason === "NotAdopted" ||
    status.conditions.some(({ type, status: value }) => type === "QuotaReserved" && value === "False")
  );
}

/** What runs is left alone on a device that is gone; a container that is made anew needs one that is there. */
function mayKeep({ claim, containers }: DemandInput, spec: ContainerSpecSpec): boolean {
  if ((claim?.gone ?? []).length === 0) return true;
  return containers.some(
    (container) => isLive(container) && container.labels[labels.specHash] === specHash(spec),
  );
}

function quotaText(quota: ResolvedQuota, preemptible: boolean): string | null {
  const { value, origin } = quota.gpuNominal;
  if (value === null) return null;
  const place = origin.place === null ? "" : ` (${origin.place})`;
  const within = `quota "${origin.quota ?? ""}" allows ${formatGpuEquivalents(value)} GPU-equivalents in all${place}`;
  const borrowing = borrowingOf(quota, preemptible);
  if (borrowing === undefined) return within;
  const more = borrowing.limit === null ? "more" : `${formatGpuEquivalents(borrowing.limit)} more`;
  const where = quota.gpuBorrowingLimit.origin.place;
  return `${within}, ${more} while it is idle${where === null ? "" : ` (${where})`},`;
}

/** What is gone is judged by what it was. */
function isAsAsked(
  { profile, replicas }: GoneDevice,
  { profile: asked, migAllowed, sharers }: DeviceRequirement,
): boolean {
  if (sharers !== undefined || replicas !== undefined) return (replicas ?? Infinity) <= (sharers ?? 0);
  return migAllowed !== undefined || profile === asked;
}

/** True when the devices held are what the request asks for; what is not listed now, or gone, counts as it was given. */
export function satisfies(
  request: WantedDevices,
  claim: Pick<ManagedClaim, "deviceUuids" | "gone">,
  devices: readonly Device[],
): boolean {
  if (claim.deviceUuids.length !== request.count) return false;
  const requirement = requirementOf(request);
  const gone = claim.gone ?? [];
  if (gone.some((given) => !isAsAsked(given, requirement))) return false;
  const known = devices.filter(
    ({ uuid }) => claim.deviceUuids.includes(uuid) && gone.every((given) => given.uuid !== uuid),
  );
  const joined = { ...requirement, count: known.length };
  return (
    known.every((device) => mismatch(requirement, device) === undefined) && canCombine(joined, known, true)
  );
}
