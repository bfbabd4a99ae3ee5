/** The end of the log of a container that is gone. */
export interface KeptLogText {
  /** End of the run it belongs to, RFC 3339. */
  readonly finishedAt: string;
  readonly text: string;
}

/** Header of an answer that is such an end of a log: when the run ended, RFC 3339. */
export const keptLogHeader = "x-ds01-kept-log";
