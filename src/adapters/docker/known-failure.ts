/** A text of the engine that is known to mean something. */
export interface KnownFailure {
  readonly pattern: RegExp;
  /** Only with these HTTP statuses; absent: with any, and without one (inside a progress stream). */
  readonly statuses?: readonly number[];
  /**
   * stalled: only the owner can mend it. waiting: it passes, or somebody else mends it. fault: try again and
   * look closer.
   */
  readonly kind: "stalled" | "waiting" | "conflict" | "notFound" | "unreachable" | "fault";
  readonly reason: string;
  readonly remedy?: string;
}
