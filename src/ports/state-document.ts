/** One JSON value of the controller's own in the state directory; where it cannot be read, whoever keeps it takes what is safe. */
export interface StateDocument {
  /** The value written last; null when there is none, undefined when there is one that cannot be read. */
  read(): unknown;
  /** Keeps a copy of what is there and means nothing to anybody, for who can still read it. Absent: that is not needed. */
  keepDamaged?(): void;
  /** Replaces the value as a whole. Rejects when it cannot be written. */
  write(value: unknown): Promise<void>;
}
