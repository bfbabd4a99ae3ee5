import { groupBy } from "../../util/group-by.ts";
import { formatDuration } from "../../util/duration.ts";
import type { Waiting } from "./explain.ts";
import type { Lease, LeaseHolder } from "./lease.ts";

type Described = Pick<Waiting, "demand" | "inventory" | "longestNowMs" | "now" | "formatTime">;
type Reserver = Extract<LeaseHolder, { type: "reservation" }>;

/**
 * `GPU 0 and 1 are reserved for course-ml (reservations/ml.yaml:7) from Thu 3 Dec 2026 14:00 to 16:00 (Europe/Berlin).`,
 * for everything reserved that is in the way, and how short the work must be to start before.
 */
export function describeBookings(waiting: Described, inTheWay: readonly Lease[]): readonly string[] {
  const reserved = inTheWay.flatMap((lease) =>
    lease.holder.type === "reservation" ? [{ ...lease, holder: lease.holder }] : [],
  );
  if (reserved.length === 0) return [];
  const sentences = [...groupBy(reserved, ({ holder }) => holder.name).values()].flatMap((leases) => {
    const uuids = new Set(leases.map(({ deviceUuid }) => deviceUuid));
    const slots = waiting.inventory.devices.filter(({ uuid }) => uuids.has(uuid)).map(({ slot }) => slot);
    const [first] = leases;
    return first === undefined ? [] : [`GPU ${describeReserved(slots, first.holder)}.`];
  });
  return [...sentences, ...shorterSentence(waiting)];
}

/** `0 and 1 are reserved for course-ml (reservations/ml.yaml:7) from ... to ...` */
export function describeReserved(
  slots: readonly string[],
  { name, place, when }: Pick<Reserver, "name" | "place" | "when">,
): string {
  const last = slots.at(-1) ?? "";
  const listed = slots.length < 2 ? last : `${slots.slice(0, -1).join(", ")} and ${last}`;
  return `${listed} ${slots.length === 1 ? "is" : "are"} reserved for ${name} (${place}) from ${when}`;
}

/** The time is told with it, as this is read later as well. */
function shorterSentence({ demand, longestNowMs, now, formatTime }: Described): readonly string[] {
  if (longestNowMs === null) return [];
  const minute = 60_000;
  const unit = longestNowMs < 2 * minute ? 1000 : minute;
  const rounded = Math.floor(longestNowMs / unit) * unit;
  if (rounded === 0) return [];
  const instead = demand.maxRuntimeMs === null ? "" : ` instead of ${formatDuration(demand.maxRuntimeMs)}`;
  return [`A maxRuntime of at most ${formatDuration(rounded)}${instead} starts now (${formatTime(now)}).`];
}
