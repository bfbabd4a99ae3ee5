import type { DeviceDemand, Lease } from "./lease.ts";
import { earliestStart, endOf, type Reservation, type ReservationInput } from "./reservations.ts";

/** When a demand is expected to start, and on what ground. */
export interface Forecast {
  /** Milliseconds since the epoch; null when some lease in the way has no end. */
  readonly eta: number | null;
  readonly basis: "limit" | "unknown";
  /** The lease whose end lets it start; null when it is the end of work that has not begun yet. */
  readonly ending: Lease | null;
}

/** Later places move too much for a forecast to mean anything. */
export const forecastPlaces = 20;

/** Lets leases end in order and gives what they free to the queue; demands that are not ready are left out. */
export function forecast(
  queue: readonly DeviceDemand[],
  input: ReservationInput,
): ReadonlyMap<string, Forecast> {
  const forecasts = new Map<string, Forecast>();
  const reservations: Reservation[] = [];
  for (const demand of queue.filter(({ ready }) => ready).slice(0, forecastPlaces)) {
    const found = earliestStart(demand, reservations, input);
    if (found === undefined) continue;
    reservations.push(found);
    const uuids = found.devices.map((device) => device.uuid);
    const ending = input.leases.find(
      (lease) => uuids.includes(lease.deviceUuid) && endOf(lease, input.now) === found.from,
    );
    forecasts.set(demand.uid, { eta: found.from, basis: "limit", ending: ending ?? null });
  }
  return forecasts;
}
