/** One line of `ds01 doctor`. */
export interface HealthLine {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly remedy: string | null;
}

/** Deletions that the prune guard holds back. */
export interface BlockedPrune {
  readonly token: string;
  readonly objects: readonly string[];
  readonly reason: string;
}

/** What `GET /version` answers. */
export interface ServerVersion {
  readonly gitVersion: string;
  readonly ds01Version: string;
}
