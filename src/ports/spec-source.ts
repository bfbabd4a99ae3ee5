/** Text of one spec file and who put it there; nothing is parsed yet. */
export interface SourcedText {
  /** Path below the specs root: `users/alice/train.yaml`. */
  readonly path: string;
  readonly text: string;
  /** SHA-256 of the text. */
  readonly contentHash: string;
  readonly revision?: string;
  /** Owner of the file, from fstat on the opened descriptor; null when the path decides (Git, trust: path). */
  readonly ownerUid: number | null;
  readonly ownerName: string | null;
}

/** A file that is there but may not be read as a spec: a link, wrong owner rights, too large, unreadable. */
export interface RefusedFile {
  readonly path: string;
  readonly reason: string;
  readonly message: string;
}

export interface SpecSink {
  upsert(document: SourcedText): void;
  refuse(file: RefusedFile): void;
  /** The file is gone for sure: its directory could be read and lacks it. */
  remove(path: string): void;
  /** A complete successful scan has been delivered; `files` is how many specs stand there now. */
  synced(files: number): void;
  /** The source cannot be read as a whole (directory missing, EIO): nothing may be concluded from absence. */
  unavailable(message: string): void;
}

/** Where desired state comes from. It delivers its full set, then changes; it never parses. */
export interface SpecSource {
  readonly name: string;
  run(sink: SpecSink, signal: AbortSignal): Promise<void>;
  /** Whether a directory below the root (`users/alice`) is there now. */
  hasDirectory(path: string): boolean;
  /** Scans everything now; resolves when what it found has been delivered. */
  rescan(): Promise<void>;
}
