/** What is mounted as a secret, and whose it becomes. */
export interface SecretContent {
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The files of this host that are mounted into containers as secrets, by the object that they belong to. Nobody but ds01
 * reaches them on the host. What the system refuses is StalledError `SecretNotWritten`.
 */
export interface SecretFiles {
  /** Makes what the engine wants to find when a container is made; files that are there stay, others are empty. */
  reserve(uid: string, names: readonly string[]): Promise<void>;
  /** Replaces a file; who has mounted the one before keeps that. */
  write(uid: string, name: string, what: SecretContent): Promise<void>;
  /** Removes all of an object; what is mounted stays for who has mounted it. */
  remove(uid: string): Promise<void>;
  /** Uids of objects that have any. */
  owners(): Promise<readonly string[]>;
}
