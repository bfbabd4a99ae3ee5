import { allocate } from "./allocate.ts";
import type { Device } from "./device.ts";
import { costOf, isOverQuota } from "./judge-waiting.ts";
import type { DeviceDemand } from "./lease.ts";
import type { Pass } from "./pass.ts";
import {
  candidates,
  fewestOf,
  isInForce,
  isPausing,
  leasesWithout,
  losesHold,
  nextCandidateAt,
  nominate,
  reckonedNomination,
  stillStands,
  type Choice,
  type Nomination,
  type Tenant,
} from "./preemption.ts";

/** Keeps the devices of nominations that stand for those they were made for, before anybody is served. */
export function keepNominated(ordered: readonly DeviceDemand[], pass: Pass): void {
  const { nominations, inventory, now } = pass.input;
  if (nominations === undefined || nominations.size === 0) return;
  for (const demand of ordered) {
    const nomination = nominations.get(demand.uid);
    if (nomination === undefined || !mayKeep(demand, nomination, pass)) continue;
    pass.nominations.set(demand.uid, nomination);
    const devices = inventory.devices.filter(({ uuid }) => nomination.devices.includes(uuid));
    const to = now + (demand.maxRuntimeMs ?? Infinity);
    if (isInForce(nomination, now)) pass.reserve({ demand, devices, from: now, to });
  }
}

function mayKeep(demand: DeviceDemand, nomination: Nomination, pass: Pass): boolean {
  const { now } = pass.input;
  if (isPausing(nomination, now)) return true;
  const stands = isInForce(nomination, now) && stillStands(nomination, demand, pass.tenants());
  return stands && demand.ready && mayAsk(demand, pass);
}

/** Only work within its owner's quota has a claim on what others hold. */
function mayAsk(demand: DeviceDemand, pass: Pass): boolean {
  return !pass.borrowers.has(demand) && !isOverQuota(demand, pass);
}

/** Devices that stopped containers still hold and that go to the demand before their hold is over. */
export function takeHeld(demand: DeviceDemand, pass: Pass): readonly Device[] | undefined {
  const { preemption } = pass.input;
  if (preemption === undefined || !mayAsk(demand, pass)) return undefined;
  const held = pass
    .tenants()
    .filter((tenant) => losesHold(tenant, demand, preemption.reclaimHeld))
    .toSorted((a, b) => a.priority - b.priority || a.startedAt - b.startedAt || (a.uid < b.uid ? -1 : 1));
  return held.length === 0 ? undefined : choose(demand, held, pass)?.devices;
}

/** Nominates the demand for devices whose holders are to give way; true when it is nominated. */
export function makeWay(demand: DeviceDemand, pass: Pass): boolean {
  const { preemption, now, clock } = pass.input;
  const standing = pass.nominations.get(demand.uid);
  if (standing !== undefined) return isInForce(standing, now);
  if (preemption === undefined || preemption.maxPerDay === 0 || !mayAsk(demand, pass)) return false;
  const next = nextCandidateAt(demand, pass.tenants(), preemption, now);
  const running = candidates(demand, pass.tenants(), preemption, now);
  if (next === undefined && running.length === 0) return false;
  const soon = pass.earliestStart(demand);
  if (soon !== undefined && soon.from <= now + preemption.noticeMs) return false;
  if (next !== undefined) pass.looksAgain.set(demand.uid, next);
  if (running.length === 0) return false;
  const held = pass.tenants().filter((tenant) => losesHold(tenant, demand, preemption.reclaimHeld));
  const choice = choose(demand, [...held, ...running], pass);
  // Without anybody to stop it would have been served.
  if (choice === undefined || choice.tenants.every((tenant) => tenant.held)) return false;
  pass.nominations.set(demand.uid, reckonedNomination(nominate(demand, choice, preemption, now), clock));
  pass.reserve({ demand, devices: choice.devices, from: now, to: now + (demand.maxRuntimeMs ?? Infinity) });
  return true;
}

function choose(demand: DeviceDemand, tenants: readonly Tenant[], pass: Pass): Choice | undefined {
  const leases = pass.leasesAgainst(demand);
  const choice = fewestOf(tenants, (uids) =>
    allocate(demand, { ...pass.input, leases: leasesWithout(leases, uids) }),
  );
  if (choice === undefined) return undefined;
  const cost = costOf(choice.devices, pass.ownDevices(demand));
  return pass.quota.fitsNominal(demand, cost) ? choice : undefined;
}
