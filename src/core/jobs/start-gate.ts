/** What keeps an object from being started that has nothing to do with quota or devices. */
export interface StartGate {
  readonly reason: string;
  /** What it waits for, how that stands, and what to do where nothing comes by itself. */
  readonly message: string;
}
