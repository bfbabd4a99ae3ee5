import { resolve } from "node:path";
import type { IdentityHints } from "../api/identity.ts";
import { adminKindIn } from "../api/spec-folders.ts";

/** Where a file stands in a specs tree, and what its directory demands of it. */
export interface SpecPlace {
  /** Directory above `users`, `quotas` or `reservations`; undefined for a file outside any specs tree. */
  readonly root: string | undefined;
  readonly hints: IdentityHints;
}

/** The place of a path, by its directories: `.../users/NAME/...`, `.../quotas/...` or `.../reservations/...`. */
export function placeOf(path: string): SpecPlace {
  if (path === "stdin") return { root: undefined, hints: { path } };
  const [, root, below = ""] = /^(.*)\/((?:users\/[^/]+|quotas|reservations)\/.*)$/.exec(resolve(path)) ?? [];
  // Home directories may stand in /home/users or /users; those are no specs trees.
  if (root === undefined || root === "" || root === "/home") return { root: undefined, hints: { path } };
  const user = /^users\/([^/]+)\//.exec(below)?.[1];
  return {
    root,
    hints:
      user === undefined
        ? { path, expect: adminKindIn(below.split("/")[0]) }
        : { path, expect: "ContainerSpec", namespaceFromPath: user },
  };
}
