/** One JSON value of the controller's own in the state directory; losing it costs history, never safety. */
export interface StateDocument {
  /** The value written last; null when there is none, undefined when there is one that cannot be read. */
  read(): unknown;
  /** Replaces the value as a whole. Rejects when it cannot be written. */
  write(value: unknown): Promise<void>;
}
