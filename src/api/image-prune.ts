/** What `ds01 prune images` asks for. */
export interface ImagePruneRequest {
  /** Images of this user's objects alone; null: of all that the caller may prune. */
  readonly namespace: string | null;
  /** Only what is older than this, as `7d`; null: of any age. */
  readonly olderThan: string | null;
  /** Only these, by their short ids; null: all. */
  readonly images: readonly string[] | null;
  /** Only tell what would go. */
  readonly dryRun: boolean;
}

/** An image that goes, or has gone. */
export interface PrunedImage {
  /** Its short id. */
  readonly name: string;
  readonly names: readonly string[];
  /** `alice/train` */
  readonly builtFor: string;
  readonly sizeBytes: number;
  /** RFC 3339 */
  readonly createdAt: string;
}

export interface ImagePruneAnswer {
  /** True: nothing was removed, and this is what would be. */
  readonly dryRun: boolean;
  readonly images: readonly PrunedImage[];
  /** What was to go and stays after all. */
  readonly kept: readonly { readonly name: string; readonly why: string }[];
  /** What no other image shares; null where the engine does not say. */
  readonly freedBytesAtLeast: number | null;
  /** Their sizes together; layers that they share with others stay. */
  readonly freedBytesAtMost: number;
}
