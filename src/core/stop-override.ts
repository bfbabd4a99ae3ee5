import type { ContainerStatus } from "../api/container.ts";
import type { NotedTime } from "./container-clock.ts";
import type { ConditionInput } from "./conditions.ts";
import { formatTime } from "./format-time.ts";
import type { Fact } from "./lifecycle/fact.ts";
import { isFromAheadOf } from "./lifecycle/put-off.ts";
import type { ContainerRecord } from "./record.ts";

/** Somebody's word that what Git declares is stopped for a while. What Git says otherwise goes on to hold. */
export interface StopOverride extends NotedTime {
  /** Of the object that it is about: one that is declared anew under the same name is another. */
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Login name of who said so. */
  readonly by: string;
  /** How long it holds, in milliseconds. */
  readonly forMs: number;
  /** In their words; null when nothing was said. */
  readonly reason: string | null;
}

/** How short and how long an override may be, in milliseconds. */
export const overrideBounds = { leastMs: 60_000, mostMs: 24 * 3_600_000 } as const;

/** Type of the condition that tells of an override. */
export const overrideCondition = "Overridden";

/** When it ends by itself (milliseconds since the epoch). */
export function endOfOverride({ at, forMs }: StopOverride): number {
  return at + forMs;
}

/**
 * True until its end. One that begins in the future has ended, as after a reboot with a clock that is behind: Git is the
 * truth again.
 */
export function holdsAt(override: StopOverride, now: number): boolean {
  return !isFromAheadOf(now, override.at) && now < endOfOverride(override);
}

/**
 * The override that holds for an object or for the sweep that it is a container of; null: none. `uidOf`: of the object
 * that is declared now as `namespace/name`.
 */
export function overrideFor(
  overrides: readonly StopOverride[],
  { uid, namespace, source: { element } }: Pick<ContainerRecord, "uid" | "namespace" | "source">,
  { now, uidOf }: { readonly now: number; readonly uidOf: (key: string) => string | undefined },
): StopOverride | null {
  const about = element === undefined ? uid : uidOf(`${namespace}/${element.of}`);
  const found = overrides.find((one) => one.uid === about);
  return found !== undefined && holdsAt(found, now) ? found : null;
}

/** The overrides that the statuses of these objects tell of, each once: to the second, as statuses tell times. */
export function overridesTold(
  records: readonly Pick<ContainerRecord, "uid" | "namespace" | "name" | "source" | "status">[],
  uidOf: (key: string) => string | undefined,
): readonly StopOverride[] {
  const told = new Map<string, StopOverride>();
  for (const { uid: ownUid, namespace, name: ownName, source, status } of records) {
    if (status.override === undefined) continue;
    const { by, since, until, reason = null } = status.override;
    const name = source.element?.of ?? ownName;
    const uid = source.element === undefined ? ownUid : uidOf(`${namespace}/${name}`);
    const [at, end] = [Date.parse(since), Date.parse(until)];
    if (uid !== undefined) told.set(uid, { uid, namespace, name, by, at, forMs: end - at, reason });
  }
  return [...told.values()];
}

/** The object as it counts while it is overridden: as if its spec said Stopped. */
export function overridden(record: ContainerRecord, override: StopOverride | null): ContainerRecord {
  const { spec } = record;
  if (override === null || spec === null) return record;
  return { ...record, spec: { ...spec, desiredState: "Stopped" } };
}

/** `stopped until 2026-11-30T11:00:00Z by alice, whatever Git says: a talk; sooner ended with: ds01 start train` */
export function describeOverride(override: StopOverride): string {
  const { by, name, reason } = override;
  const why = reason === null ? "" : `: ${reason}`;
  return `stopped until ${formatTime(endOfOverride(override))} by ${by}, whatever Git says${why}; sooner ended with: ds01 start ${name}`;
}

/** What the status says of it, until it ends. */
export function overrideStatus(override: StopOverride | null | undefined): Pick<ContainerStatus, "override"> {
  if (override == null) return {};
  const { by, at, reason } = override;
  return {
    override: {
      desiredState: "Stopped",
      by,
      since: formatTime(at),
      until: formatTime(endOfOverride(override)),
      ...(reason === null ? {} : { reason }),
    },
  };
}

/** What an overridden object would say of itself that says nothing of the override. */
const usualReasons: ReadonlySet<string> = new Set(["Stopping", "GpuHeld", "GpuReleased", "StopOverride"]);

/** The reason column while it is stopped for the override; null where there is something else to say. */
export function overrideReason(
  override: StopOverride | null | undefined,
  { reason, message }: Pick<Fact, "reason" | "message">,
): { readonly reason: string; readonly message: string } | null {
  if (override == null || !usualReasons.has(reason)) return null;
  const because = describeOverride(override);
  return { reason: "StopOverride", message: message.includes(because) ? message : because };
}

/** The condition beside it. */
export function overrideConditions(override: StopOverride | null | undefined): readonly ConditionInput[] {
  if (override == null) return [];
  return [
    { type: overrideCondition, status: true, reason: "StopOverride", message: describeOverride(override) },
  ];
}
