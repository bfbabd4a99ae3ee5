/** A user's containers, or everybody's, that an admin has stopped at once, as the API tells it. */
export interface EmergencyStopLine {
  /** Null: everybody's. */
  readonly user: string | null;
  /** Login name of who said so. */
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
  readonly reason: string;
  /** No stop, but that those which there are cannot be read: nothing is started that does not run. */
  readonly unreadable?: true;
}

/** Longest reason, in characters. */
export const emergencyReasonLimit = 500;
