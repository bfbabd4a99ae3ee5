/** One line of container-operations.log (CONTRACT 2). */
export interface Operation {
  readonly operation: string;
  readonly user: string;
  readonly container: string;
  readonly gpuId: string;
  readonly status: string;
  readonly details: string;
}

/** Views for people and old tools, rewritten from truth and never read back. */
export interface PublishedViews {
  operation(operation: Operation): void;
  /** Rewrites a file below the state directory atomically; does nothing when the text is the same. */
  publish(path: string, text: string): void;
  /** Names of the files that stand in a published directory now, also those of earlier runs; none if it is not there. */
  published(directory: string): readonly string[];
  /** Removes a published file. */
  withdraw(path: string): void;
}
