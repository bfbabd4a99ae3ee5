import type { ContainerSpecSpec } from "../../api/container.ts";
import { secretPath } from "../../api/secret.ts";
import type { ObservedMount } from "../observed.ts";
import { isWithin } from "../plan/placed-path.ts";
import { plainPath } from "../plan/plain-path.ts";

/** A secret of a container, and where ds01 keeps it while there is one. */
export interface WantedSecret {
  readonly name: string;
  /** On the host. */
  readonly source: string;
  /** In the container. */
  readonly target: string;
  readonly mode: number;
}

/** Where the secrets of one object lie; `root` is ds01's own directory for all of them. */
export function secretsDirectory(root: string, uid: string): string {
  return plainPath(`${root}/${uid}`);
}

/** The secrets that a spec wants; without a root, as with an engine on another machine, there are none. */
export function wantedSecrets(
  { secrets = [] }: Pick<ContainerSpecSpec, "secrets">,
  root: string | null,
  uid: string,
): readonly WantedSecret[] {
  if (root === null) return [];
  const directory = secretsDirectory(root, uid);
  return secrets.map((secret) => ({
    name: secret.name,
    source: `${directory}/${secret.name}`,
    target: plainPath(secretPath(secret)),
    mode: Number.parseInt(secret.mode ?? "0400", 8),
  }));
}

/** Mounts of single files: who is in the container cannot change them. */
export function secretMounts(secrets: readonly WantedSecret[]): readonly ObservedMount[] {
  return secrets.map(({ source, target }) => ({ type: "bind", source, target, readOnly: true }));
}

/** Whether a mount is one of an object's own secrets, which ds01 has made itself and no quota has to grant. */
export function isOwnSecret(mount: ObservedMount, root: string | null, uid: string): boolean {
  if (mount.type !== "bind" || !mount.readOnly || root === null) return false;
  const directory = secretsDirectory(root, uid);
  return mount.source !== directory && isWithin(mount.source, directory);
}
