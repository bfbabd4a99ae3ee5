import type { ContainerStatus } from "../api/container.ts";
import { announceAccess } from "./announce-access.ts";
import { announceClock } from "./announce-clock.ts";
import { announceTenancy } from "./announce-tenancy.ts";
import type { Announcement } from "./decision.ts";
import { announceBlock } from "./reservation/announce-block.ts";
import { holdUntil } from "./expiry.ts";
import { deviceUuidsOf } from "./expiry.ts";
import { deviceGone } from "./lifecycle/device-gone.ts";
import type { Fact } from "./lifecycle/fact.ts";
import type { LifecycleMemory } from "./lifecycle/memory.ts";
import { announceIdle } from "./lifecycle/idle-end.ts";
import { announceRuntimeEnd } from "./lifecycle/runtime-warning.ts";
import type { Situation } from "./lifecycle/situation.ts";
import { announceExtras } from "./extra-containers.ts";
import { formatTime } from "./format-time.ts";
import { newsworthy } from "./newsworthy.ts";
import { formatDuration } from "../util/duration.ts";

/** Events for a decision: only when the fact is another than that of the last decision, or something happened to its devices. */
export function announce(situation: Situation, memory: LifecycleMemory, fact: Fact): readonly Announcement[] {
  const before = situation.world.record;
  const found = [
    ...goneNews(situation),
    ...announceAccess(situation, fact),
    ...announceClock(situation, fact),
    ...announceTenancy(situation, fact),
    ...announceRuntimeEnd(situation),
    ...announceIdle(situation),
    ...(fact.type === "engine.unreachable"
      ? []
      : [...announceBlock(situation.world), ...announceExtras(situation)]),
  ];
  const type = newsworthy[fact.type];
  if (type === undefined) return found;
  const isTold = before.memory.told === fact.reason || wasTold(before.status, fact);
  if (before.memory.state === memory.state && isTold) return found;
  return [...found, { type, reason: eventReason(fact), message: eventMessage(situation, fact) }];
}

/** Where the file is refused or gone its reason comes first; then the condition says how the container is. */
function wasTold({ reason, conditions }: ContainerStatus, fact: Fact): boolean {
  return [reason, conditions.find(({ type }) => type === "Ready")?.reason].includes(fact.reason);
}

/** That a device of what runs has gone, once. */
function goneNews(situation: Situation): readonly Announcement[] {
  const message = deviceGone(situation);
  const { conditions } = situation.world.record.status;
  if (message === null || conditions.some(({ reason }) => reason === "DeviceGone")) return [];
  return [{ type: "Warning", reason: "DeviceGone", message }];
}

function eventReason(fact: Fact): string {
  if (fact.type === "waiting") return "Queued";
  if (fact.type === "restart.waiting") return "BackOff";
  return fact.reason;
}

function eventMessage(situation: Situation, fact: Fact): string {
  const { primary } = situation.roles;
  if (fact.type === "stopped.held" && primary !== null) {
    const until = holdUntil(primary, situation.limits);
    const slots = primary.labels["ds01.gpu.slots"] ?? "";
    const hold = situation.limits.holdGpuAfterStopMs.value;
    const how = hold === null ? "holdGpuAfterStop: never ends" : `holdGpuAfterStop ${formatDuration(hold)}`;
    return until == null
      ? `GPU ${slots} kept (${how})`
      : `GPU ${slots} kept until ${formatTime(until)} (${how})`;
  }
  if (fact.type === "stopped.released" && primary !== null) {
    return `GPU ${primary.labels["ds01.gpu.slots"] ?? deviceUuidsOf(primary).join(",")} is free for others`;
  }
  if (fact.type === "restart.waiting" && fact.at !== null) {
    return `${fact.message}; next start at ${formatTime(fact.at)}`;
  }
  return fact.message;
}
