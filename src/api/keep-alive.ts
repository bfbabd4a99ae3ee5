/** Answer of `POST .../containers/NAME/keepalive`. */
export interface KeepAliveAnswer {
  /** Until when it is left alone (RFC 3339); null: it no longer is. */
  readonly until: string | null;
}
