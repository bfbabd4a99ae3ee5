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
  /** It stands for what cannot be read: nobody knows whom admins have stopped. It ends nothing, and nothing begins. */
  readonly unreadable?: true | undefined;
}

/** The emergency stop that holds for a namespace; one for all before one for the user. Null: none. */
export function emergencyStopFor(stops: readonly EmergencyStop[], namespace: string): EmergencyStop | null {
  const known = stops.filter(({ unreadable }) => unreadable !== true);
  return known.find(({ user }) => user === null) ?? known.find(({ user }) => user === namespace) ?? null;
}

/** What admins' words mean for an object of the namespace. */
export function emergencyIn(
  stops: readonly EmergencyStop[],
  namespace: string,
): { readonly emergencyStop: EmergencyStop | null; readonly startsHeld: EmergencyStop | null } {
  return { emergencyStop: emergencyStopFor(stops, namespace), startsHeld: unreadableAmong(stops) };
}

/** What stands for stops that cannot be read; null where all are known. */
export function unreadableAmong(stops: readonly EmergencyStop[]): EmergencyStop | null {
  return stops.find(({ unreadable }) => unreadable === true) ?? null;
}

/** Whoever was stopped would run again otherwise, and what runs was stopped by nobody. */
export function unreadableStop(at: number): EmergencyStop {
  return { user: null, by: "ds01", at, reason: "what admins have stopped cannot be read", unreadable: true };
}

/** The stops with one more; a new one takes the place of that for the same user. */
export function withEmergencyStop(
  stops: readonly EmergencyStop[],
  added: EmergencyStop,
): readonly EmergencyStop[] {
  return [...stops.filter(({ user }) => user !== added.user), added];
}

/** `emergency stop by root at 2026-11-30T09:00:00Z: smoke in the rack; an admin ends it with: ds01 resume --user alice` */
export function describeEmergencyStop({ user, by, at, reason, unreadable }: EmergencyStop): string {
  if (unreadable === true)
    return "what admins have stopped in an emergency cannot be read, so nothing is started that does not run; an admin ends this with: ds01 resume --all";
  const end = user === null ? "ds01 resume --all" : `ds01 resume --user ${user}`;
  return `emergency stop by ${by} at ${formatTime(at)}: ${reason}; an admin ends it with: ${end}`;
}
