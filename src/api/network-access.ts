/** Where the API is reached over TLS, as `GET .../network-address` answers. */
export interface NetworkAddress {
  /** Such as `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM: the authority that vouches for it. */
  readonly certificateAuthority: string;
}

/** A token for it, as `POST .../tokens` answers. */
export interface IssuedCredential {
  readonly token: string;
  /** RFC 3339 */
  readonly expirationTimestamp: string;
}
