import { sha256 } from "../../util/hash.ts";

/**
 * Docker name of an object's container: `<name>._.<namespace>`. A namespace that Docker would refuse (`@` in
 * LDAP names) is cleaned and carries a hash of the original, so that two users never share a name.
 */
export function containerName(namespace: string, name: string): string {
  return `${name}._.${sanitizedUser(namespace)}`;
}

/** Name of the container that is to replace the current one, unique for its generation. */
export function replacementName(namespace: string, name: string, generation: number): string {
  return `${containerName(namespace, name)}.ds01-${generation}`;
}

/** True for a name that `replacementName` made. */
export function isReplacementName(dockerName: string): boolean {
  return /\.ds01-\d+$/.test(dockerName);
}

/** Plain names that would be taken for something else: a cleaned name with its hash, or a replacement's. */
const ambiguous = /-[0-9a-f]{8}$|\.ds01-\d+$/;

/** A user name as Docker and systemd accept it; different users never get the same one. */
export function sanitizedUser(user: string): string {
  const clean = user.replace(/[^A-Za-z0-9_.-]/g, "_");
  return clean === user && !ambiguous.test(user) ? user : `${clean}-${sha256(user).slice(0, 8)}`;
}
