import type { ClockReading } from "../container-clock.ts";
import type { Lender } from "./borrowing.ts";
import type { Calendar } from "./calendar.ts";
import type { Inventory } from "./device.ts";
import type { GpuAlternative } from "./hint.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { Nomination, PreemptionSettings, Tenant } from "./preemption.ts";
import type { RecentUse } from "./queue-order.ts";
import type { Strategy } from "./strategies.ts";

/** What earlier runs say of work without a limit. For telling people only: nothing is decided by it. */
export interface Expectations {
  /** When work that runs should end (milliseconds since the epoch); undefined: nothing is known. */
  endOf(uid: string): number | undefined;
  /** How long work that waits should take, in milliseconds; undefined: nothing is known. */
  runOf(demand: Pick<DeviceDemand, "uid" | "namespace" | "name">): number | undefined;
}

/** One scheduling pass over everything that wants devices. */
export interface ScheduleInput {
  readonly demands: readonly DeviceDemand[];
  readonly inventory: Inventory;
  readonly leases: readonly Lease[];
  readonly strategy: Strategy;
  /** For the order among equals; absent: nobody has used anything. */
  readonly recentUse?: RecentUse;
  /** What admins have reserved; absent: nothing. */
  readonly calendar?: Calendar;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Where the wall clock stands; absent or null: only it is known. */
  readonly clock?: ClockReading | null;
  /** Short text of a time (milliseconds since the epoch) for messages. */
  readonly formatTime: (at: number) => string;
  /** Who holds devices and may have to give way; asked for only when somebody waits. */
  readonly tenants?: () => readonly Tenant[];
  /** Whose nominal quota is not used up; asked for only when somebody would borrow. */
  readonly lenders?: () => readonly Lender[];
  /** Nominations of earlier passes by the uid that they were made for. */
  readonly nominations?: ReadonlyMap<string, Nomination>;
  /** Absent: nobody gives way to anybody. */
  readonly preemption?: PreemptionSettings;
  /** Asked for only when limits do not say when everybody starts; absent: there were no earlier runs. */
  readonly expectations?: () => Expectations;
  /** Told of each demand with the leases that it meets at its turn; the last time counts. */
  readonly onTurn?: (demand: DeviceDemand, leases: readonly Lease[]) => void;
  /** Whether the owner's quota permits asking for this instead; absent: everything may be suggested. */
  readonly mayAsk?: (demand: DeviceDemand, alternative: GpuAlternative) => boolean;
}
