import type { DeviceDemand, Lease } from "./lease.ts";
import { earliestStart, endOf, type Reservation, type ReservationInput } from "./reservations.ts";
import type { Expectations } from "./schedule-input.ts";

/** When a demand is expected to start, and on what ground. */
export interface Forecast {
  /** Milliseconds since the epoch; null when some lease in the way has no end. */
  readonly eta: number | null;
  readonly basis: "limit" | "history" | "unknown";
  /** The lease whose end lets it start; null when it is the end of work that has not begun yet. */
  readonly ending: Lease | null;
}

/** Later places move too much for a forecast to mean anything. */
export const forecastPlaces = 20;

/** What ends a lease that only earlier runs say something about. */
export const byHistory = "history";

/**
 * Lets leases end in order and gives what they free to the queue; demands that are not ready are left out. What limits
 * say nothing about is told by how long earlier runs took, where `expectations` know that.
 */
export function forecast(
  queue: readonly DeviceDemand[],
  input: ReservationInput,
  expectations?: () => Expectations,
): ReadonlyMap<string, Forecast> {
  const places = queue.filter(({ ready }) => ready).slice(0, forecastPlaces);
  const found = forecastBy("limit", places, input);
  if (expectations === undefined || places.every(({ uid }) => found.has(uid))) return found;
  const expected = expectations();
  const leases = input.leases.map((lease): Lease => {
    const until =
      lease.until === null && lease.holder.type === "object" ? expected.endOf(lease.holder.uid) : undefined;
    return until === undefined ? lease : { ...lease, until, untilCause: byHistory };
  });
  const lengthOf = (demand: DeviceDemand): number =>
    demand.maxRuntimeMs ?? expected.runOf(demand) ?? Infinity;
  return new Map([...forecastBy("history", places, { ...input, leases }, lengthOf), ...found]);
}

function forecastBy(
  basis: "limit" | "history",
  places: readonly DeviceDemand[],
  input: ReservationInput,
  lengthOf: (demand: DeviceDemand) => number = ({ maxRuntimeMs }) => maxRuntimeMs ?? Infinity,
): ReadonlyMap<string, Forecast> {
  const forecasts = new Map<string, Forecast>();
  const reservations: Reservation[] = [];
  for (const demand of places) {
    const found = earliestStart(demand, reservations, input);
    if (found === undefined) continue;
    // Where it fits is decided by its limit; only when others come after it, by what is expected.
    reservations.push({ ...found, to: found.from + lengthOf(demand) });
    const uuids = found.devices.map((device) => device.uuid);
    const ending = input.leases.find(
      (lease) => uuids.includes(lease.deviceUuid) && endOf(lease, input.now) === found.from,
    );
    forecasts.set(demand.uid, { eta: found.from, basis, ending: ending ?? null });
  }
  return forecasts;
}
