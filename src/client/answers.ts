/** One line of `ds01 doctor`. */
export interface HealthLine {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly remedy: string | null;
}

/** What `GET /version` answers. */
export interface ServerVersion {
  readonly gitVersion: string;
  readonly ds01Version: string;
}
