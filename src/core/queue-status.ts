import type { ContainerStatus } from "../api/container.ts";
import { formatTime } from "./format-time.ts";
import type { ScheduleOutcome } from "./schedule/outcome.ts";

type QueueStatus = NonNullable<ContainerStatus["queue"]>;

/** A start that moves by less is not worth telling. */
const slipMs = 60_000;

/** Place and expected start; when that has slipped, with the earliest start that was promised since it waits. */
export function queueStatus(
  { position, of, priority, since, basis, eta }: Extract<ScheduleOutcome, { type: "waiting" }>,
  before: QueueStatus | undefined,
): QueueStatus {
  const promised = before?.promised ?? before?.eta;
  const slipped = promised !== undefined && (eta === null || eta > Date.parse(promised) + slipMs);
  return {
    position,
    of,
    priority,
    since: formatTime(since),
    basis,
    ...(eta === null ? {} : { eta: formatTime(eta) }),
    ...(slipped ? { promised } : {}),
  };
}
