import type { Announcement } from "./decision.ts";
import { formatTime } from "./format-time.ts";
import type { Fact } from "./lifecycle/fact.ts";
import { describeNotice } from "./lifecycle/preemption-notice.ts";
import type { Situation } from "./lifecycle/situation.ts";

/** That an object has to give way, no longer has to, gives way, or has come to be beyond its owner's quota; each once. */
export function announceTenancy(
  situation: Situation,
  { type, reason, message }: Fact,
): readonly Announcement[] {
  const { world, memory } = situation;
  const { preemption, borrowing, record } = world;
  if (type === "stop.due" && reason === "Preempted")
    return [{ type: "Warning", reason: "Preempted", message }];
  const found: Announcement[] = [];
  const told = memory.notice ?? null;
  if (preemption !== null && (told?.by !== preemption.by || told.at !== preemption.at)) {
    const text = `stops at ${formatTime(preemption.at)} and ${describeNotice(situation, preemption)}`;
    found.push({ type: "Warning", reason: "PreemptionNotice", message: text });
  }
  if (preemption === null && told !== null && type === "container.running") {
    found.push({
      type: "Normal",
      reason: "PreemptionCancelled",
      message: `does not have to give way to ${told.by} any more`,
    });
  }
  if (borrowing && record.status.borrowing !== true) {
    const text = `its GPUs are beyond the quota of ${world.quota.user}: it gives way when others ask for what is theirs`;
    found.push({ type: "Normal", reason: "Borrowing", message: text });
  }
  return found;
}
