import type { ContainerSpecSpec } from "../../api/container.ts";
import { formatDuration } from "../../util/duration.ts";
import type { Origin, Sourced } from "../quota/limits.ts";
import { formatTime } from "../format-time.ts";
import type { ContainerRecord } from "../record.ts";
import { wantedDevices } from "../schedule/wanted-devices.ts";
import { exemptionFor, type IdleSettings } from "./idle-settings.ts";
import type { IdleState } from "./idle-state.ts";

/** What is known about the idleness of one object, and what it is judged by. */
export interface IdleFacts {
  readonly settings: IdleSettings;
  /** Of its container as it runs now or has run before; null while it was never looked at. */
  readonly state: IdleState | null;
  /** True: an earlier controller has seen that. Whatever went on since, nobody looked: it stops nothing. */
  readonly isInherited?: boolean;
  /** Who waits for a GPU that it holds: `bob/train`; null when nobody does. */
  readonly wantedBy: string | null;
}

/** A warning as it was given: the time of idleness that it is about, and how long that was then. */
export interface IdleWarning {
  readonly idleSince: number;
  readonly idleMs: number;
}

/** The timeout in effect and why it is so. */
export interface IdleTimeout {
  readonly ms: number;
  /** For whom it is shorter than usual; null: it is not. */
  readonly wantedBy: string | null;
  readonly origin: Origin;
}

export interface IdleVerdict {
  readonly state: IdleState;
  readonly timeout: IdleTimeout;
  /** `counting`: nothing to say yet. */
  readonly stage: "counting" | "warned" | "due";
  /** Of what is idle: until it is stopped should nothing happen; never less than what is left of the notice. */
  readonly leftMs: number;
}

interface Judged {
  readonly namespace: string;
  readonly name: string;
  /** Name of the sweep that it is one of. */
  readonly sweep?: string | undefined;
  readonly usesGpus: boolean;
  readonly limit: Sourced<number | null>;
  readonly warning: IdleWarning | null;
}

/** What of an object its idleness is judged by. */
export function judgedOf(
  { namespace, name, source, memory }: Pick<ContainerRecord, "namespace" | "name" | "source" | "memory">,
  spec: ContainerSpecSpec,
  limit: Judged["limit"],
): Judged {
  const usesGpus = wantedDevices(spec) !== undefined;
  return { namespace, name, sweep: source.element?.of, usesGpus, limit, warning: memory.idleWarning ?? null };
}

/** Why an object is not looked at for idleness although it has a timeout; null when it is, or has none. */
export function leftAlone(
  { settings }: Pick<IdleFacts, "settings">,
  { namespace, name, sweep, usesGpus, limit }: Omit<Judged, "warning">,
  now: number,
): string | null {
  if (limit.value === null) return null;
  const exemption = exemptionFor(settings, { namespace, name, sweep }, now);
  if (exemption !== undefined) {
    const until = exemption.until === undefined ? "" : ` until ${formatTime(exemption.until)}`;
    const why = exemption.reason === undefined ? "" : `: ${exemption.reason}`;
    return `exempt${until}${why}`;
  }
  const isAsked = limit.origin.from === "spec" || usesGpus || settings.withoutGpu;
  return isAsked ? null : "it has no GPU (idle.withoutGpu)";
}

/** After its start a container is left alone for so long. */
export function graceMsOf({ startupGraceMs }: IdleSettings, timeoutMs: number): number {
  return Math.min(startupGraceMs, timeoutMs);
}

/** What follows from how long an object has been idle; null while it is not, or nobody minds. */
export function idleVerdict(facts: IdleFacts, judged: Judged, now: number): IdleVerdict | null {
  const { settings, state } = facts;
  const { limit, warning } = judged;
  if (state === null || limit.value === null || leftAlone(facts, judged, now) !== null) return null;
  if (state.idleSince === null || state.activity !== "quiet") return null;
  const timeout = timeoutOf(facts, limit.value, limit.origin);
  const noticeMs = Math.min(settings.noticeMs, timeout.ms / 2);
  const { idleMs, unbrokenMs, samples } = state;
  const untilWarningMs = timeout.ms - noticeMs - idleMs;
  if (samples < settings.samples || untilWarningMs > 0) {
    return { state, timeout, stage: "counting", leftMs: Math.max(0, untilWarningMs) + noticeMs };
  }
  const isWarned = warning !== null && warning.idleSince === state.idleSince;
  const noticedMs = isWarned ? Math.min(idleMs - warning.idleMs, unbrokenMs) : 0;
  const leftMs = Math.max(0, timeout.ms - idleMs, noticeMs - noticedMs);
  const isDue = leftMs === 0 && facts.isInherited !== true;
  return { state, timeout, stage: isDue ? "due" : "warned", leftMs };
}

/** `30m (quotas/students.yaml:9)`, `15m as bob/train waits for its GPU (usually 30m, ...)`. */
export function describeTimeout({ ms, wantedBy, origin }: IdleTimeout): string {
  const where = origin.place === null ? "" : ` (${origin.place})`;
  const because = wantedBy === null ? "" : ` as ${wantedBy} waits for its GPU`;
  return `${formatDuration(ms)}${because}${where}`;
}

/** `GPU 0 %, CPU 0.4 %, no terminal` */
export function describeSignals({ signals }: Pick<IdleState, "signals">): string {
  return signals.map(({ text }) => text).join(", ");
}

function timeoutOf({ settings, wantedBy }: IdleFacts, ms: number, origin: Origin): IdleTimeout {
  const shorter = ms * settings.highDemandFactor;
  return wantedBy !== null && shorter < ms
    ? { ms: shorter, wantedBy, origin }
    : { ms, wantedBy: null, origin };
}
