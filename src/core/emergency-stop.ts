import { formatTime } from "./format-time.ts";

/** An admin's word that the containers of one user, or of all, are stopped at once and stay so until it is taken back. */
export interface EmergencyStop {
  /** Null: everybody's. */
  readonly user: string | null;
  /** Login name of who said so. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: string;
}

/** The emergency stop that holds for a namespace; one for all before one for the user. Null: none. */
export function emergencyStopFor(stops: readonly EmergencyStop[], namespace: string): EmergencyStop | null {
  return stops.find(({ user }) => user === null) ?? stops.find(({ user }) => user === namespace) ?? null;
}

/** The stops with one more; a new one takes the place of that for the same user. */
export function withEmergencyStop(
  stops: readonly EmergencyStop[],
  added: EmergencyStop,
): readonly EmergencyStop[] {
  return [...stops.filter(({ user }) => user !== added.user), added];
}

/** `emergency stop by root at 2026-11-30T09:00:00Z: smoke in the rack; an admin ends it with: ds01 resume --user alice` */
export function describeEmergencyStop({ user, by, at, reason }: EmergencyStop): string {
  const end = user === null ? "ds01 resume --all" : `ds01 resume --user ${user}`;
  return `emergency stop by ${by} at ${formatTime(at)}: ${reason}; an admin ends it with: ${end}`;
}
