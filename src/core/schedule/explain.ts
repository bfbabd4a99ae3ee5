import { formatBytes } from "../../util/quantity.ts";
import { type DeviceRefusal, type FailedClause, judgeDevices } from "./allocate.ts";
import { type FailedJoin, failedJoin } from "./choose-devices.ts";
import { belongsToOwner, describeKept, describeNomination, describeQuota } from "./describe-quota.ts";
import type { KeptBack } from "./borrowing.ts";
import { describeBookings } from "./describe-bookings.ts";
import { describeCut } from "./describe-cut.ts";
import { describeImpossible, describeNeed, isOfKind, nounOf } from "./describe-need.ts";
import type { Device, Inventory } from "./device.ts";
import { compareDevices } from "./device-order.ts";
import { byHistory, type Forecast } from "./forecast.ts";
import { describeHolder, shortList } from "./describe-holder.ts";
import { placeSentence } from "./describe-place.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { Nomination } from "./preemption.ts";

/** Everything that is known about one demand that waits. */
export interface Waiting {
  readonly demand: DeviceDemand;
  readonly reason:
    | "NoMatchingDevice"
    | "WaitingForImage"
    | "WaitingForQuota"
    | "DevicesUnhealthy"
    | "DevicesCordoned"
    | "WaitingForDevices"
    | "ReservedForOthers"
    | "BackfillBlocked"
    | "WaitingForCohort"
    | "WaitingForPreemption"
    | "GpuStackNotReady";
  readonly position: number;
  readonly of: number;
  readonly before: DeviceDemand | undefined;
  readonly forecast: Forecast;
  readonly leases: readonly Lease[];
  readonly quotaLeft: number | null;
  /** True when it would use more than its owner's nominal quota. */
  readonly borrows?: boolean;
  readonly kept?: KeptBack;
  readonly nomination?: Nomination;
  readonly inventory: Inventory;
  readonly formatTime: (at: number) => string;
  readonly now: number;
  /** The longest maxRuntime that ends before what is reserved begins, if it would start with that; else null. */
  readonly longestNowMs: number | null;
}

export interface Explanation {
  readonly message: string;
  /** Leases on devices that would fit, or those that use up the owner's quota; soonest end first. */
  readonly blockers: readonly Lease[];
}

/** Why a demand waits, in sentences: what it needs, what is there, its place, and when it starts. */
export function explain(waiting: Waiting): Explanation {
  const { free, refusals } = judgeDevices(waiting.demand, waiting.inventory.devices, waiting.leases);
  const inTheWay =
    waiting.reason === "WaitingForQuota"
      ? waiting.leases.filter((lease) => belongsToOwner(lease, waiting.demand))
      : refusals.flatMap(({ leases }) => leases);
  const begun = inTheWay.filter(({ from }) => from === undefined);
  const blockers = (begun.length > 0 ? begun : inTheWay).toSorted(byEnd);
  const sentences = [
    ...reasonSentences(waiting, refusals, failedJoin(waiting.demand, free)),
    ...describeCut(waiting),
    ...describeBookings(waiting, inTheWay),
    ...placeSentence(waiting),
    ...startSentence(waiting, blockers),
  ];
  return { message: sentences.join(" "), blockers };
}

function reasonSentences(
  waiting: Waiting,
  refusals: readonly DeviceRefusal[],
  apart: FailedJoin | undefined,
): readonly string[] {
  const { demand, inventory } = waiting;
  const needs = `Needs ${describeNeed(demand)}`;
  switch (waiting.reason) {
    case "GpuStackNotReady":
      return [
        `${needs}.`,
        `The GPU stack does not answer (${inventory.message}): nothing is given out until it does, running work goes on.`,
        "ds01 asks again by itself; if that lasts, an admin runs `nvidia-smi` and `ds01 doctor`.",
      ];
    case "WaitingForImage":
      return [`${needs}; takes none before its image is here.`];
    case "WaitingForQuota":
      return [`${needs}; ${describeQuota(waiting)}.`];
    case "NoMatchingDevice":
      return [`${needs}. ${describeImpossible(demand, inventory.devices)}`];
    case "WaitingForCohort":
      return [`${needs}; ${describeQuota(waiting)}. ${describeKept(waiting)}.`];
    case "WaitingForPreemption":
      return [`${needs}.`, describeHave(waiting, refusals, apart), ...describeNomination(waiting)];
    case "DevicesUnhealthy":
    case "DevicesCordoned":
    case "WaitingForDevices":
    case "ReservedForOthers":
    case "BackfillBlocked":
      return [`${needs}.`, describeHave(waiting, refusals, apart)];
  }
}

/** `5 GPUs here: 1 free, 2 allocated (alice/train until 14:20 maxRuntime), 1 cut into MIG, 1 unhealthy (XID 79)`. */
function describeHave(
  waiting: Waiting,
  refusals: readonly DeviceRefusal[],
  apart: FailedJoin | undefined,
): string {
  const { demand, inventory } = waiting;
  const kind = inventory.devices.filter((device) => isOfKind(demand, device));
  const groups = new Map<string, { count: number; details: Set<string> }>();
  for (const device of kind.toSorted(compareDevices)) {
    const refusal = refusals.find((one) => one.device === device);
    const { title, detail } =
      refusal === undefined
        ? { title: freeTitle(apart), detail: null }
        : classifyRefusal(refusal, waiting.formatTime);
    const group = groups.get(title) ?? { count: 0, details: new Set<string>() };
    group.count += 1;
    if (detail !== null) group.details.add(detail);
    groups.set(title, group);
  }
  if (kind.length === 0) return `No ${nounOf(demand, 1)} is here now.`;
  const parts = titles.flatMap((title) => {
    const group = groups.get(title);
    return group === undefined ? [] : [`${group.count} ${title}${shortList([...group.details])}`];
  });
  return `${kind.length} ${nounOf(demand, kind.length)} here: ${parts.join(", ")}.`;
}

/** In the order in which they are told. */
const titles = [
  "free",
  "free but too few joined by NVLink",
  "free but too few on one board",
  "free but not known how they are joined",
  "kept for who comes first",
  "reserved",
  "allocated",
  "held",
  "in use by work whose own slice is gone",
  "in use by a container ds01 does not manage",
  "in use by a host process",
  "with memory in use by nobody known",
  "cut into MIG",
  "shared in time slices",
  "shared by more",
  "not granted by your quota",
  "of another model",
  "with less memory",
  "with less compute capability",
  "of unknown compute capability",
  "unhealthy",
  "cordoned",
] as const;
type Title = (typeof titles)[number];

/** What a device is that is right and free, but cannot be taken with enough others. */
export function freeTitle(apart: FailedJoin | undefined): Title {
  switch (apart) {
    case "nvlink":
      return "free but too few joined by NVLink";
    case "sameBoard":
      return "free but too few on one board";
    case "unknown":
      return "free but not known how they are joined";
    case undefined:
      return "free";
  }
}

/** What keeps a device from a demand, in the words of every message, and by whom or how. */
export function classifyRefusal(
  { clause, device, leases }: DeviceRefusal,
  formatTimeOfDay: Waiting["formatTime"],
): { readonly title: Title; readonly detail: string | null } {
  if (clause !== "Leased") {
    const { title, detail } = clauseTitles[clause];
    return { title, detail: detail?.(device) ?? null };
  }
  // Who has it now is more to the point than who is to have it next.
  const lease = leases.find(({ from }) => from === undefined) ?? leases[0];
  if (lease === undefined) return { title: "free", detail: null };
  return { title: titleOf(lease), detail: describeLease(lease, formatTimeOfDay) };
}

/** How a device is told that fails a clause; those of another kind are not told. */
const clauseTitles: Readonly<
  Record<
    Exclude<FailedClause, "Leased">,
    { readonly title: Title; readonly detail?: (device: Device) => string | null }
  >
> = {
  WrongKind: { title: "free" },
  IsSlice: { title: "free" },
  IsTimeSlice: { title: "free" },
  NotTimeSliced: { title: "free" },
  WrongProfile: { title: "free" },
  MigEnabled: { title: "cut into MIG" },
  TimeSliced: { title: "shared in time slices" },
  TooManySharers: {
    title: "shared by more",
    detail: ({ sharing }) => `${sharing?.replicas ?? 0} containers`,
  },
  NotGranted: { title: "not granted by your quota", detail: ({ profile }) => profile ?? "whole GPUs" },
  WrongModel: { title: "of another model", detail: ({ model }) => model },
  TooLittleMemory: { title: "with less memory", detail: ({ memoryBytes }) => formatBytes(memoryBytes) },
  TooLowCapability: {
    title: "with less compute capability",
    detail: ({ computeCapability }) => computeCapability,
  },
  UnknownCapability: { title: "of unknown compute capability" },
  Unhealthy: { title: "unhealthy", detail: ({ unhealthyReason }) => unhealthyReason },
  Cordoned: { title: "cordoned", detail: ({ cordon }) => cordon?.reason ?? null },
};

function titleOf(lease: Lease): Title {
  if (lease.holder.type === "reservation") return "reserved";
  if (lease.from !== undefined) return "kept for who comes first";
  if (lease.holder.type === "unmanaged") return "in use by a container ds01 does not manage";
  if (lease.holder.type === "process") {
    return lease.holder.pid === 0 ? "with memory in use by nobody known" : "in use by a host process";
  }
  if (lease.gone !== undefined) return "in use by work whose own slice is gone";
  return lease.state === "Held" ? "held" : "allocated";
}

function describeLease(lease: Lease, formatTime: (at: number) => string): string {
  if (lease.holder.type === "reservation") return describeHolder(lease.holder);
  if (lease.from !== undefined) return `${describeHolder(lease.holder)} from ${formatTime(lease.from)}`;
  const until =
    lease.until === null
      ? ""
      : ` until ${formatTime(lease.until)}${lease.untilCause === null ? "" : ` ${lease.untilCause}`}`;
  return `${describeHolder(lease.holder)}${until}`;
}

function startSentence(
  { forecast, inventory, formatTime, position }: Waiting,
  blockers: readonly Lease[],
): readonly string[] {
  if (forecast.eta === null) {
    const isEndless = position > 0 && blockers.some((lease) => lease.until === null);
    return isEndless ? ["No start time is known: no limit ends what is in its way."] : [];
  }
  const { ending } = forecast;
  const slot = inventory.devices.find((device) => device.uuid === ending?.deviceUuid)?.slot;
  const basis = `; basis: ${forecast.basis}`;
  const isGuess = forecast.basis === "history";
  if (ending === null || slot === undefined) {
    const ground = isGuess ? ", judging by earlier runs of what comes first" : "";
    return [`Starts about ${formatTime(forecast.eta)}${ground}${basis}.`];
  }
  return [
    `Starts about ${formatTime(forecast.eta)}, when ${describeHolder(ending.holder)} (GPU ${slot}) ${endText(ending)}${isGuess && ending.untilCause !== byHistory ? ", if others take as long as earlier runs" : ""}${basis}.`,
  ];
}

function endText({ untilCause }: Lease): string {
  if (untilCause === byHistory) return "should end, judging by earlier runs of it";
  return `reaches its ${untilCause ?? "end"}`;
}

function byEnd(left: Lease, right: Lease): number {
  return (left.until ?? Infinity) === (right.until ?? Infinity)
    ? 0
    : (left.until ?? Infinity) - (right.until ?? Infinity);
}
