import { adminFolders, adminKindIn } from "../../api/spec-folders.ts";

/** Whose directory a spec file stands in. */
export type SpecPlace =
  | { readonly kind: "user"; readonly user: string }
  | { readonly kind: "admin" }
  | { readonly kind: "misplaced" };

/** The directories below the specs root that hold specs. */
export const specFolders: readonly string[] = [...Object.values(adminFolders), "users"];

/** Names that editors and ds01 use for unfinished and old copies, and hidden ones: never a spec, nor a directory of specs. */
export function isHiddenName(name: string): boolean {
  return /^[.#~]/.test(name);
}

/** Whether a file of this name is a spec (CONTRACT 2). */
export function isSpecName(name: string): boolean {
  return !isHiddenName(name) && /\.(?:yaml|yml|json)$/.test(name);
}

/** Whether this path below the specs root can be that of a spec file. */
export function isSpecPath(path: string): boolean {
  const parts = path.split("/");
  return (
    specFolders.some((folder) => folder === parts[0]) &&
    parts.length > 1 &&
    // A tree of Git that was made by hand can have directories without a name.
    !parts.some((part) => part === "" || isHiddenName(part)) &&
    isSpecName(parts.at(-1) ?? "")
  );
}

/** Where a spec path belongs. */
export function placeOf(path: string): SpecPlace {
  const [folder, user, ...rest] = path.split("/");
  if (adminKindIn(folder) !== undefined) return { kind: "admin" };
  if (user === undefined || rest.length === 0) return { kind: "misplaced" };
  return { kind: "user", user };
}
