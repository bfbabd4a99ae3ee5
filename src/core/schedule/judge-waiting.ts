import type { KeptBack } from "./borrowing.ts";
import type { Device } from "./device.ts";
import type { Waiting } from "./explain.ts";
import { type Forecast, forecast } from "./forecast.ts";
import type { DeviceDemand } from "./lease.ts";
import type { ScheduleOutcome } from "./outcome.ts";
import type { Pass } from "./pass.ts";
import { isInForce, type Nomination } from "./preemption.ts";
import { WaitingOutcome } from "./waiting-outcome.ts";

/** Why each of the demands waits, given in the order of the queue, once everybody has been served who can be. */
export function judgeWaiting(
  ordered: readonly DeviceDemand[],
  pass: Pass,
): readonly (readonly [uid: string, outcome: ScheduleOutcome])[] {
  const { inventory, formatTime, expectations } = pass.input;
  const queue = ordered.filter((demand) => !inventory.ready || pass.canEver(demand));
  const places = new Map(queue.map((demand, place) => [demand, place]));
  const forecasts = inventory.ready
    ? forecast(queue, pass.reservationInput(), expectations)
    : new Map<string, Forecast>();
  return ordered.map((demand) => {
    const place = places.get(demand) ?? -1;
    const nomination = pass.nominations.get(demand.uid);
    const kept = keptBack(demand, pass);
    const waiting = {
      demand,
      reason: reasonFor(demand, place < 0, pass),
      ...(nomination === undefined ? {} : { nomination }),
      ...(kept === undefined ? {} : { kept }),
      borrows: pass.borrowers.has(demand),
      position: place + 1,
      of: queue.length,
      before: queue[place - 1],
      forecast: expectedStart(nomination, pass) ?? forecasts.get(demand.uid) ?? unknown,
      quotaLeft: pass.quota.left(demand),
      inventory,
      formatTime,
      now: pass.input.now,
    };
    return [demand.uid, new WaitingOutcome(waiting, pass)];
  });
}

const unknown: Forecast = { eta: null, basis: "unknown", ending: null };

/** Whoever is nominated starts when the others have given way. */
function expectedStart(nomination: Nomination | undefined, { input: { now } }: Pass): Forecast | undefined {
  if (nomination === undefined || !isInForce(nomination, now)) return undefined;
  return { eta: Math.max(now, nomination.at), basis: "limit", ending: null };
}

/** What is idle and yet kept from the demand, as it would be borrowed; undefined when that is not what it waits for. */
function keptBack(demand: DeviceDemand, pass: Pass): KeptBack | undefined {
  if (!pass.borrowers.has(demand) || !demand.ready) return undefined;
  return pass.lendersInTheWay(demand, pass.leastCost(demand));
}

/** The highest of the reasons that apply (peers 3.9). */
function reasonFor(demand: DeviceDemand, impossible: boolean, pass: Pass): Waiting["reason"] {
  const { inventory } = pass.input;
  if (!inventory.ready) return "GpuStackNotReady";
  if (impossible) return "NoMatchingDevice";
  if (!demand.ready) return "WaitingForImage";
  if (isOverQuota(demand, pass)) return "WaitingForQuota";
  const nomination = pass.nominations.get(demand.uid);
  if (nomination !== undefined && isInForce(nomination, pass.input.now)) return "WaitingForPreemption";
  if (keptBack(demand, pass) !== undefined) return "WaitingForCohort";
  if (pass.isReservedForOthers(demand)) return "ReservedForOthers";
  if (pass.allocation(demand).type === "allocated") return "BackfillBlocked";
  return pass.shortage(demand);
}

/** True when devices would be there, or not even the smallest that fit are left by its owner's quota. */
export function isOverQuota(demand: DeviceDemand, pass: Pass): boolean {
  if (!pass.quota.fits(demand, pass.leastCost(demand))) return true;
  const allocation = pass.allocation(demand);
  if (allocation.type === "shortage") return false;
  return !pass.quota.fits(demand, costOf(allocation.devices, pass.ownDevices(demand)));
}

/** GPU-equivalents that come on top; what a demand holds already is counted as used already. */
export function costOf(devices: readonly Device[], own: readonly string[]): number {
  return devices
    .filter((device) => !own.includes(device.uuid))
    .reduce((sum, device) => sum + device.gpuEquivalents, 0);
}
