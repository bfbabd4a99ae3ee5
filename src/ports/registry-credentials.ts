/** What a registry is shown; a secret that goes to the engine and nowhere else. */
export interface RegistryLogin {
  readonly server: string;
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
}

/** Logins for registries, from files outside the specs. */
export interface RegistryCredentials {
  /** For pulling the image for a user; undefined where nobody has said one. Rejects when a file cannot be used. */
  loginFor(reference: string, namespace: string): Promise<RegistryLogin | undefined>;
  /** All of a user, for base images of a build. */
  loginsFor(namespace: string): Promise<readonly RegistryLogin[]>;
  /** Two pulls of an image with the same scope use the same login, and may be one. */
  scopeOf(reference: string, namespace: string): string;
}
