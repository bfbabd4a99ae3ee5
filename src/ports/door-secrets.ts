/** What the server shows to those who connect over TLS; PEM. */
export interface ServerIdentity {
  readonly key: string;
  readonly certificate: string;
  /** When it is to be replaced by a new one (milliseconds since the epoch). */
  readonly renewAt: number;
}

/** The secrets of the API's door on the network, which outlive a restart. */
export interface DoorSecrets {
  /** PEM: the authority that clients are to trust. */
  readonly authority: string;
  /** Tokens are signed with it; 32 bytes. */
  readonly tokenKey: Buffer;
  /** A new key and certificate for 127.0.0.1 and localhost. */
  issueIdentity(): ServerIdentity;
}
