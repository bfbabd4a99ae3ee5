import type { Device, Inventory } from "./device.ts";
import { isJoined, type Join, joins } from "./device-links.ts";
import { overlap, physicalUuid } from "./device-order.ts";
import { situationOf } from "./device-situation.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { SetScore } from "./link-score.ts";
import {
  compareBy,
  type Criterion,
  type DeviceStrategy,
  sizeCriteria,
  strategies,
  type Strategy,
} from "./strategies.ts";

/** The parts of a demand that say which devices may be taken together. */
export type SetRequirement = Pick<DeviceDemand, "count" | "nvlink" | "sameBoard" | "migAllowed" | "former">;

export interface ChoiceInput {
  readonly demand: SetRequirement;
  /** Devices that are right and free, each by itself. */
  readonly free: readonly Device[];
  /** UUIDs to take before all others, in this order, as far as they are free and go together. */
  readonly wanted: readonly string[];
  readonly inventory: Pick<Inventory, "devices" | "usage">;
  readonly leases: readonly Lease[];
  readonly strategy: Strategy;
}

/** 8 of 16 GPUs: all sets are looked at up to there, beyond that one device after the other is chosen. */
const mostSets = 12_870;

/** Whether two devices may be given to one demand; `unknown` says how to take what is not known. */
type MayPair = (left: Device, right: Device) => boolean;

/** What to try next once `chosen` are taken, best first. */
type Order = (rest: readonly Device[], chosen: readonly Device[]) => readonly Device[];

/** The joins without which a set is of no use. */
export function requiredJoins(demand: SetRequirement): readonly Join[] {
  return joins.filter((join) => demand[join] === "required");
}

function pairRule(demand: SetRequirement, unknown: boolean): MayPair {
  const required = requiredJoins(demand);
  return (left, right) =>
    !overlap(left, right) && required.every((join) => isJoined(join, left, right) ?? unknown);
}

/** True when some `count` of the devices may be taken together, counting what is unknown as joined or not. */
export function canCombine(demand: SetRequirement, devices: readonly Device[], unknown: boolean): boolean {
  const rules = { mayPair: pairRule(demand, unknown), order: (rest: readonly Device[]) => rest };
  return firstSet([], devices, demand.count, rules) !== undefined;
}

/** Which required join keeps devices apart that are enough in number; `unknown`: a topology that is not known. */
export type FailedJoin = Join | "unknown";

/** Why no `count` of the devices may be taken together; undefined when they may, or are too few anyway. */
export function failedJoin(demand: SetRequirement, devices: readonly Device[]): FailedJoin | undefined {
  if (devices.length < demand.count || canCombine(demand, devices, false)) return undefined;
  if (canCombine(demand, devices, true)) return "unknown";
  const required = requiredJoins(demand);
  const alone = (join: Join): SetRequirement => ({
    count: demand.count,
    nvlink: null,
    sameBoard: null,
    [join]: "required",
  });
  return required.find((join) => !canCombine(alone(join), devices, true)) ?? required[0];
}

/**
 * The best `count` devices that may be taken together, undefined when there are none. Strategies decide only among
 * those: a set is found whenever one exists.
 */
export function chooseDevices(input: ChoiceInput): readonly Device[] | undefined {
  if (input.free.length < input.demand.count) return undefined;
  const mayPair = pairRule(input.demand, false);
  const kept: Device[] = [];
  for (const uuid of input.wanted) {
    const device = input.free.find((one) => one.uuid === uuid);
    if (device === undefined || kept.length >= input.demand.count) continue;
    if (kept.every((other) => mayPair(other, device))) kept.push(device);
  }
  for (let size = kept.length; size >= 0; size -= 1) {
    const found = complete(kept.slice(0, size), input, mayPair);
    if (found !== undefined) return found;
  }
  return undefined;
}

function complete(
  kept: readonly Device[],
  input: ChoiceInput,
  mayPair: MayPair,
): readonly Device[] | undefined {
  const { demand, inventory, leases } = input;
  const strategy = strategies[input.strategy];
  const criteria = criteriaFor(demand, input.strategy);
  const rest = input.free.filter((device) => kept.every((other) => mayPair(other, device)));
  const preferred = joins.filter((join) => demand[join] === "preferred");
  const order: Order = (devices, chosen) => {
    const situation = situationOf(inventory, leases, chosen);
    return devices.toSorted(
      (left, right) =>
        joinedTo(right, chosen, preferred) - joinedTo(left, chosen, preferred) ||
        compareBy(criteria, left, right, situation),
    );
  };
  const candidates = [...kept, ...order(rest, kept)];
  const score = setScoreOf(demand, strategy, candidates);
  if (score === null || combinations(rest.length, demand.count - kept.length) > mostSets) {
    return firstSet(kept, rest, demand.count, { mayPair, order });
  }
  return bestSet(candidates, kept.length, demand.count, { mayPair, score });
}

/**
 * What decides between two devices for the demand, in this order. Who takes a slice or a GPU takes the smallest that
 * will do, whatever the strategy; what an object of the same name held decides last, as it is nobody's any more.
 */
export function criteriaFor(
  { migAllowed, former = [] }: Pick<DeviceDemand, "migAllowed" | "former">,
  strategy: Strategy,
): readonly Criterion[] {
  const size = migAllowed === undefined ? [] : sizeCriteria;
  const last = former.length === 0 ? [] : [heldBefore(former)];
  return [...size, ...strategies[strategy].criteria, ...last];
}

function heldBefore(former: readonly string[]): Criterion {
  return {
    name: "held before",
    unit: "number",
    better: "high",
    of: ({ uuid }) => (former.includes(uuid) ? 1 : 0),
  };
}

/** Joins that are preferred come before the strategy's own rating; null when neither rates sets. */
function setScoreOf(
  demand: SetRequirement,
  strategy: DeviceStrategy,
  devices: readonly Device[],
): SetScore | null {
  const preferred = joins.filter((join) => demand[join] === "preferred");
  const isWhole = devices.every(({ profile }) => profile === null);
  const own = isWhole ? strategy.scoreSets : null;
  if (own === null && (preferred.length === 0 || demand.count < 2)) return null;
  const ownScore = own?.(devices);
  return (set) => {
    const chosen = set.flatMap((place) => devices[place] ?? []);
    const joined = preferred.map((join) =>
      chosen.reduce((sum, device, place) => sum + joinedTo(device, chosen.slice(0, place), [join]), 0),
    );
    return [...joined, ...(ownScore?.(set) ?? [])];
  };
}

function joinedTo(device: Device, chosen: readonly Device[], wishes: readonly Join[]): number {
  let count = 0;
  for (const other of chosen) {
    for (const join of wishes) if (isJoined(join, device, other) === true) count += 1;
  }
  return count;
}

/** How many of the devices could be taken together at most: of each GPU that is shared one time slice. */
export function mostApart(devices: readonly Device[]): number {
  const shared = devices.filter(({ sharing }) => sharing !== undefined);
  return devices.length - shared.length + new Set(shared.map(physicalUuid)).size;
}

/** The first set along the order, trying the next device wherever one leads nowhere. */
function firstSet(
  chosen: readonly Device[],
  rest: readonly Device[],
  count: number,
  rules: { readonly mayPair: MayPair; readonly order: Order },
): readonly Device[] | undefined {
  if (chosen.length >= count) return chosen;
  if (chosen.length + mostApart(rest) < count) return undefined;
  const ordered = rules.order(rest, chosen);
  const tried = new Set<string>();
  for (const [place, next] of ordered.entries()) {
    // Time slices of one GPU go together with the same others: what failed with one fails with all.
    if (next.sharing !== undefined && tried.has(physicalUuid(next))) continue;
    tried.add(physicalUuid(next));
    const others = ordered.slice(place + 1).filter((device) => rules.mayPair(next, device));
    const found = firstSet([...chosen, next], others, count, rules);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The set with the highest score among all that begin with the first `kept` candidates; of equals the first. */
function bestSet(
  candidates: readonly Device[],
  kept: number,
  count: number,
  { mayPair, score }: { readonly mayPair: MayPair; readonly score: SetScore },
): readonly Device[] | undefined {
  const pairs = candidates.map((left) => candidates.map((right) => mayPair(left, right)));
  let best: { readonly set: readonly number[]; readonly score: readonly number[] } | undefined;
  // One list for all sets: there may be thousands of them, and they are looked at one after the other.
  const set = Array.from({ length: kept }, (_, place) => place);
  const visit = (from: number): void => {
    if (set.length === count) {
      const rated = score(set);
      if (best === undefined || isGreater(rated, best.score)) best = { set: [...set], score: rated };
      return;
    }
    for (let place = from; place <= candidates.length - (count - set.length); place += 1) {
      if (!set.every((other, index) => index < kept || pairs[other]?.[place] === true)) continue;
      set.push(place);
      visit(place + 1);
      set.pop();
    }
  };
  visit(kept);
  return best?.set.flatMap((place) => candidates[place] ?? []);
}

function isGreater(left: readonly number[], right: readonly number[]): boolean {
  const place = left.findIndex((value, at) => value !== right[at]);
  return place >= 0 && (left[place] ?? 0) > (right[place] ?? 0);
}

/** How many sets of `size` there are among `total`. */
function combinations(total: number, size: number): number {
  let sets = 1;
  for (let place = 1; place <= size; place += 1) sets = (sets * (total - size + place)) / place;
  return sets;
}
