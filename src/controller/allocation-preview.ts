import type { AllocationCandidate, AllocationOutcome, AllocationPreview } from "../api/allocation-preview.ts";
import { formatTime } from "../core/format-time.ts";
import { situationOf } from "../core/lifecycle/situation.ts";
import type { ContainerRecord } from "../core/record.ts";
import { judgeDevices } from "../core/schedule/allocate.ts";
import { criteriaFor } from "../core/schedule/choose-devices.ts";
import { describeNeed } from "../core/schedule/describe-need.ts";
import type { Device, Inventory } from "../core/schedule/device.ts";
import { situationOf as deviceSituation } from "../core/schedule/device-situation.ts";
import { refusalText } from "../core/schedule/device-verdicts.ts";
import { linkScoreOf } from "../core/schedule/link-score.ts";
import { strategies, type Strategy } from "../core/schedule/strategies.ts";
import { wantedDevices } from "../core/schedule/wanted-devices.ts";
import type { Turn } from "./turn.ts";
import { candidateFor, type PreviewOptions } from "./preview.ts";

export interface AllocationPreviewOptions extends PreviewOptions {
  readonly inventory: () => Inventory;
  readonly strategy: Strategy;
}

/** Which devices `text` would get if it stood in `path` now: a pass of the scheduler with it, thrown away. */
export async function previewAllocation(
  text: string,
  path: string,
  options: AllocationPreviewOptions,
): Promise<AllocationPreview> {
  const { strategy, host, clock } = options;
  const found = candidateFor(text, path, options);
  const empty: AllocationPreview = {
    namespace: found.namespace,
    name: found.name,
    problems: found.problems,
    refusal: null,
    needs: null,
    strategy,
    criteria: [],
    candidates: [],
    setScore: null,
    outcome: { type: "none", message: "takes no devices" },
    notes: [],
  };
  const { candidate } = found;
  if (candidate === null || candidate.spec === null) return empty;
  const prepared = await host.prepare(candidate);
  const { world, turn } = host.turnIf(candidate, prepared);
  const { admission } = situationOf(world, candidate.spec, clock.now());
  if (admission.type === "refused") {
    return { ...empty, refusal: { reason: admission.reason, message: admission.message } };
  }
  const outcome = outcomeOf(candidate, world);
  const notes = [
    ...(admission.type === "waiting" ? [admission.message] : []),
    ...(world.image.type === "present"
      ? []
      : ["Its image is not here: it is pulled before devices are taken."]),
  ];
  if (turn === null) return { ...empty, outcome, notes };
  return { ...empty, needs: describeNeed(turn.demand), outcome, notes, ...judged(turn, outcome, options) };
}

type ScheduledWorld = ReturnType<PreviewOptions["host"]["turnIf"]>["world"];

function outcomeOf(candidate: ContainerRecord, world: ScheduledWorld): AllocationOutcome {
  const { schedule, claim, devices } = world;
  if (schedule?.type === "assigned") return { type: "assigned", devices: schedule.devices.map(named) };
  if (schedule?.type === "waiting") {
    const { reason, message, never, hint } = schedule;
    return { type: "waiting", reason, message, never, hint };
  }
  if (candidate.spec === null || wantedDevices(candidate.spec) === undefined)
    return { type: "none", message: "asks for no devices" };
  if (claim !== null) {
    const held = devices.filter(({ uuid }) => claim.deviceUuids.includes(uuid));
    return { type: "holds", devices: held.map(named) };
  }
  if (candidate.spec?.desiredState === "Stopped") return { type: "none", message: "is declared Stopped" };
  return { type: "none", message: "takes no devices now" };
}

function named({ slot, uuid }: Device): { readonly slot: string; readonly uuid: string } {
  return { slot, uuid };
}

/** The allocator's judgement on each device, and what its strategy sees in those that fit. */
function judged(
  { demand, leases }: Turn,
  outcome: AllocationOutcome,
  options: AllocationPreviewOptions,
): Pick<AllocationPreview, "strategy" | "criteria" | "candidates" | "setScore"> {
  const now = options.inventory();
  const strategy = demand.strategy ?? options.strategy;
  const { scoreSets } = strategies[strategy];
  const criteria = criteriaFor(demand, strategy);
  const situation = deviceSituation(now, leases, []);
  const { free, refusals } = judgeDevices(demand, now.devices, leases);
  const chosen = outcome.type === "assigned" ? outcome.devices.map(({ uuid }) => uuid) : [];
  const fitting = free.map((device): AllocationCandidate => {
    const had = demand.preferred.includes(device.uuid);
    return {
      ...descriptionOf(device),
      verdict: chosen.includes(device.uuid) ? "chosen" : "fits",
      clause: null,
      why: had ? "it had this before: taken first" : null,
      scores: criteria.map(({ of }) => of(device, situation)),
    };
  });
  const failing = refusals.map((refusal): AllocationCandidate => {
    return {
      ...descriptionOf(refusal.device),
      verdict: "no",
      clause: refusal.clause,
      why: refusalText(refusal, formatTime),
      scores: null,
    };
  });
  const order = new Map(now.devices.map(({ uuid }, place) => [uuid, place]));
  const places = free.flatMap(({ uuid }, place) => (chosen.includes(uuid) ? [place] : []));
  const isWhole = free.every(({ profile }) => profile === null);
  const [inside = 0, untorn = 0, left = 0] = scoreSets === null ? [] : linkScoreOf(free)(places);
  return {
    strategy,
    criteria: criteria.map(({ name, better, unit }) => ({ name, better, unit })),
    candidates: [...fitting, ...failing].toSorted(
      (one, two) => (order.get(one.uuid) ?? 0) - (order.get(two.uuid) ?? 0),
    ),
    setScore: scoreSets === null || places.length === 0 || !isWhole ? null : { inside, torn: -untorn, left },
  };
}

function descriptionOf({
  slot,
  uuid,
  model,
  profile,
  memoryBytes,
}: Device): Pick<AllocationCandidate, "slot" | "uuid" | "model" | "profile" | "memoryBytes"> {
  return { slot, uuid, model, profile, memoryBytes };
}
