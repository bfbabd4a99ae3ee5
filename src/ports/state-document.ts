/** One JSON value of the controller's own in the state directory; where it cannot be read, whoever keeps it takes what is safe. */
export interface StateDocument {
  /**
   * The value written last; null when there is none, undefined when there is one that cannot be read. Throws where a
   * newer ds01 has written it.
   */
  read(): unknown;
  /** Keeps a copy of what is there and means nothing to anybody, for who can still read it. Absent: that is not needed. */
  keepDamaged?(): void;
  /** Keeps a copy of what was read: it has fields, by their paths, that nobody here knows and the next write loses. */
  keepUnknown?(fields: readonly string[]): void;
  /** Replaces the value as a whole. Rejects when it cannot be written. */
  write(value: unknown): Promise<void>;
}
