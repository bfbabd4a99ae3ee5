/** Writes spec files on behalf of API callers: atomically, below the specs root, owned by the namespace's user. */
export interface SpecWriter {
  /** Name of the source whose files these are. */
  readonly source: string;
  /** Throws Denied, with what to change instead, where nothing is written at all: a trial must say so as well. */
  requireWritable(path: string): Promise<void>;
  /** Writes or replaces `path` (below the specs root); the owner is `ownerName` where that user exists. */
  write(path: string, text: string, ownerName: string): Promise<void>;
  read(path: string): Promise<string | undefined>;
  remove(path: string): Promise<void>;
}
