/** A grant of a quota as resolved. */
export interface HostPathGrant {
  readonly path: string;
  readonly readOnly: boolean;
}

/**
 * How far `path` is granted to `user`: not at all, for reading, or for writing too. `{user}` stands for the
 * user name, a trailing slash and two stars for the directory and everything below it.
 */
export function grantOf(
  path: string,
  user: string,
  grants: readonly HostPathGrant[],
): "none" | "read" | "write" {
  const matching = grants.filter((grant) => covers(grant.path.replaceAll("{user}", user), path));
  if (matching.length === 0) return "none";
  return matching.every((grant) => grant.readOnly) ? "read" : "write";
}

function covers(pattern: string, path: string): boolean {
  const wanted = components(path);
  if (wanted.includes("..")) return false;
  const granted = components(pattern);
  const isTree = granted.at(-1) === "**";
  if (isTree) granted.pop();
  if (isTree ? wanted.length < granted.length : wanted.length !== granted.length) return false;
  return granted.every((component, place) => component === wanted[place]);
}

function components(path: string): string[] {
  return path.split("/").filter((component) => component !== "" && component !== ".");
}
