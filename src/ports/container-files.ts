/** What lies at a path, links not followed. */
export type ContainerPathKind = "file" | "directory" | "link" | "other";

/** A file or folder to be put into a container; numbers are those of the container. */
export interface NewPath {
  /** Absolute; its parent is there, or comes before it. */
  readonly path: string;
  /** Absent: a folder. */
  readonly content?: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Where an archive belongs, and whose its files become. */
export interface Unpacked {
  /** Absolute. */
  readonly to: string;
  readonly as: { readonly uid: number; readonly gid: number };
}

/** A folder of a container, with the numbers of its owner. */
export interface ContainerFolder {
  readonly uid: number;
  readonly gid: number;
  readonly empty: boolean;
}

/**
 * Files of a container that need not run. The engine works as root and through mounts: whoever writes makes sure that
 * no path of the host and no link lies on the way. Errors as ContainerRuntime has them.
 */
export interface ContainerFiles {
  /** null: nothing is there. */
  kindOf(idOrName: string, path: string, signal?: AbortSignal): Promise<ContainerPathKind | null>;
  /** The text of a plain file; null where there is none, or one that is longer. */
  read(idOrName: string, path: string, maxBytes: number, signal?: AbortSignal): Promise<string | null>;
  /** null: nothing is there, or no folder. */
  folder(idOrName: string, path: string, signal?: AbortSignal): Promise<ContainerFolder | null>;
  /**
   * Unpacks a tar archive whose names begin at the root. What is not a file, directory or link at `to` or below is
   * StalledError `CopyFailed`; a file where a directory is, or the other way round, is `CopyTargetDenied`.
   */
  unpack(idOrName: string, archive: Buffer, what: Unpacked, signal?: AbortSignal): Promise<void>;
  /** In the order given; a folder that is there gets mode and owner. */
  write(idOrName: string, paths: readonly NewPath[], signal?: AbortSignal): Promise<void>;
}
