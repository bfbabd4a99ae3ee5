import { borrowersAmong } from "./borrowing.ts";
import type { Device } from "./device.ts";
import { forecastPlaces } from "./forecast.ts";
import { costOf, isOverQuota, judgeWaiting } from "./judge-waiting.ts";
import type { DeviceDemand } from "./lease.ts";
import type { ScheduleOutcome } from "./outcome.ts";
import { keepNominated, makeWay, takeHeld } from "./make-way.ts";
import { Pass } from "./pass.ts";
import { orderDemands } from "./queue-order.ts";
import { keepFreeOnes, leavesQuota } from "./reservations.ts";
import type { ScheduleInput } from "./schedule-input.ts";

/** Work that begins later than this is not waited for by devices that are free now, unless it has waited long already. */
const reservationHorizonMs = 24 * 60 * 60 * 1000;
/** Who has waited this long reserves however late it begins, and with no end in sight keeps what gets free until it is enough. */
const drainAfterMs = 24 * 60 * 60 * 1000;

/**
 * Says for every demand which devices it gets now, or why it waits, at which place and until when. A demand
 * that gets back what it lost (`reclaims`) or has (its own lease) goes first. One that does not fit reserves what it is
 * expected to take, and later ones start only where they do not delay it (backfill, as Slurm's but exact to the device).
 */
export function schedule(input: ScheduleInput): ReadonlyMap<string, ScheduleOutcome> {
  const pass = new Pass(input);
  const inOrder = orderDemands(input.demands, input.recentUse ?? new Map(), (demand) =>
    pass.leastCost(demand),
  );
  const ordered = borrowersLast(inOrder, pass);
  if (input.inventory.ready) keepNominated(ordered, pass);
  const outcomes = new Map<string, ScheduleOutcome>();
  if (input.inventory.ready) {
    const steps = pass.calendar.isEmpty ? [giveBack, giveOrReserve] : [giveBack, giveBooked, giveOrReserve];
    for (const serve of steps) {
      for (const demand of ordered) {
        const devices = outcomes.has(demand.uid) ? undefined : serve(demand, pass);
        if (devices !== undefined) outcomes.set(demand.uid, { type: "assigned", devices });
      }
    }
  }
  const waiting = ordered.filter((demand) => !outcomes.has(demand.uid));
  for (const [uid, outcome] of judgeWaiting(waiting, pass)) outcomes.set(uid, outcome);
  return outcomes;
}

/** Within their quotas people come first, in the order of the queue; who would borrow comes after them. */
function borrowersLast(inOrder: readonly DeviceDemand[], pass: Pass): readonly DeviceDemand[] {
  const borrowers = borrowersAmong(inOrder, (demand) => pass.leastCost(demand));
  pass.borrowers = borrowers;
  if (borrowers.size === 0) return inOrder;
  return [...inOrder.filter((demand) => !borrowers.has(demand)), ...borrowers];
}

/** What it had or has, when it is all free. */
function giveBack(demand: DeviceDemand, pass: Pass): readonly Device[] | undefined {
  if (!demand.ready) return undefined;
  const devices = [...pass.ownDevices(demand), ...(demand.reclaims ? demand.preferred : [])];
  if (devices.length < demand.count) return undefined;
  const back = new Set(devices);
  if (back.size < demand.count) return undefined;
  pass.input.onTurn?.(demand, pass.leases);
  const allocation = pass.allocation(demand);
  if (allocation.type === "shortage") return undefined;
  if (!allocation.devices.every(({ uuid }) => back.has(uuid))) return undefined;
  return give(demand, allocation.devices, pass, () => true);
}

/** In the window of a reservation those for whom it is come first on what is kept for them. */
function giveBooked(demand: DeviceDemand, pass: Pass): readonly Device[] | undefined {
  const kept = pass.calendar.ownDevices(demand.namespace);
  if (!demand.ready || kept.length < demand.count) return undefined;
  pass.input.onTurn?.(demand, pass.leasesAgainst(demand));
  const allocation = pass.allocationAmong(demand, kept);
  if (allocation.type === "shortage") return undefined;
  return give(demand, allocation.devices, pass, () => true);
}

function giveOrReserve(demand: DeviceDemand, pass: Pass): readonly Device[] | undefined {
  if (!demand.ready) return undefined;
  pass.input.onTurn?.(demand, pass.leasesAgainst(demand));
  const allocation = pass.allocationAgainst(demand);
  const leaves = (cost: number): boolean =>
    leavesQuota(demand, cost, pass.reservations, pass.reservationInput());
  if (allocation.type === "shortage") {
    const held = takeHeld(demand, pass);
    if (held !== undefined) return give(demand, held, pass, leaves);
    if (!makeWay(demand, pass)) reserve(demand, pass);
    return undefined;
  }
  const given = give(demand, allocation.devices, pass, leaves);
  if (given === undefined) reserve(demand, pass);
  return given;
}

function give(
  demand: DeviceDemand,
  devices: readonly Device[],
  pass: Pass,
  mayCost: (cost: number) => boolean,
): readonly Device[] | undefined {
  const cost = costOf(devices, pass.ownDevices(demand));
  if (!pass.quota.fits(demand, cost) || !mayCost(cost)) return undefined;
  if (pass.lendersInTheWay(demand, cost) !== undefined) return undefined;
  pass.take(demand, devices, cost);
  return devices;
}

/** Keeps what the demand is expected to take; nothing for one that only its own quota keeps back. */
function reserve(demand: DeviceDemand, pass: Pass): void {
  const { now } = pass.input;
  if (pass.reservations.length >= forecastPlaces || !pass.canEver(demand) || isOverQuota(demand, pass))
    return;
  if (pass.lendersInTheWay(demand, pass.leastCost(demand)) !== undefined) return;
  const found = pass.earliestStart(demand);
  const hasWaitedLong = now - demand.submittedAt >= drainAfterMs;
  if (found !== undefined) {
    if (hasWaitedLong || found.from <= now + reservationHorizonMs) pass.reserve(found);
    return;
  }
  const kept = hasWaitedLong ? keepFreeOnes(demand, pass.reservations, pass.reservationInput()) : undefined;
  if (kept !== undefined) pass.reserve(kept);
}
