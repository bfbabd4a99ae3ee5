import type { ObservedContainer } from "../observed.ts";
import { isLive } from "../plan/roles.ts";
import type { Calendar } from "../schedule/calendar.ts";
import { describeReserved } from "../schedule/describe-bookings.ts";
import type { Device } from "../schedule/device.ts";

export interface RestartInput {
  readonly namespace: string;
  readonly maxRuntimeMs: number | null;
  readonly deviceUuids: readonly string[];
  /** ds01 has stopped it only to start it again, or another container in its place. */
  readonly isBegunAnew: boolean;
  /** The object's own. */
  readonly containers: readonly ObservedContainer[];
  readonly devices: readonly Device[];
  readonly calendar: Calendar;
  readonly now: number;
}

/**
 * Of the devices that a stopped object still holds those on which it does not start again, as they are reserved for
 * others before it would end; with the words for it. What runs goes on, also after an edit or a restart that was asked
 * for: nobody is stopped for a reservation.
 */
export function reservedRestart(input: RestartInput): ReadonlyMap<string, string> {
  const { namespace, maxRuntimeMs, containers, devices, calendar, now } = input;
  if (calendar.isEmpty || containers.length === 0) return new Map();
  if (input.isBegunAnew || containers.some(isLive)) return new Map();
  // What was made a moment ago was judged then, and would be late by that moment now.
  const isNew = containers.every(({ state }) => state === "created");
  const until = isNew ? now + 1 : now + (maxRuntimeMs ?? Infinity);
  const kept = calendar.between(namespace, now, until);
  return new Map(
    input.deviceUuids.flatMap((uuid) => {
      const device = devices.find((one) => one.uuid === uuid);
      const lease = kept.find(({ deviceUuid }) => deviceUuid === uuid || deviceUuid === device?.parentUuid);
      if (device === undefined || lease === undefined || lease.holder.type !== "reservation") return [];
      return [[uuid, `GPU ${describeReserved([device.slot], lease.holder)}`] as const];
    }),
  );
}
