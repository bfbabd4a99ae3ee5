import type { Stats } from "node:fs";
import type { Identity, SystemUser } from "../../ports/identity.ts";
import { messageOf } from "../../util/errors.ts";
import type { Refusal } from "./spec-file.ts";
import { placeOf } from "./spec-path.ts";
import type { SpecPlace } from "./spec-path.ts";

export interface OwnershipRules {
  /** "owner": the file's owner must be the user of the directory or root. "path": the place alone decides. */
  readonly trust: "owner" | "path";
  readonly identity: Identity;
  /** Whether this user may write quotas and reservations. */
  readonly isAdmin: (user: SystemUser) => boolean | Promise<boolean>;
}

/** Owner of a spec file, as it goes with the text; null where the place decides. */
export interface Owner {
  readonly uid: number | null;
  readonly name: string | null;
}

interface Refused {
  readonly refusal: Refusal;
}

const writableByOthers = 0o022;

/** Who put a file there, or why that one may not (DESIGN 7). */
export async function ownerOf(path: string, stats: Stats, rules: OwnershipRules): Promise<Owner | Refused> {
  const place = placeOf(path);
  if (place.kind === "misplaced") {
    const message = `${path} belongs to no user: move it to users/USER/, where USER is who the container is for`;
    return refused("Misplaced", message);
  }
  if (rules.trust === "path") return { uid: null, name: null };
  if ((stats.mode & writableByOthers) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
    return refused("UnsafeMode", `${path} has mode ${mode}, so that others may write it: chmod go-w it`);
  }
  if (stats.uid === 0) return { uid: 0, name: "root" };
  try {
    const owner = await rules.identity.userByUid(stats.uid);
    if (await mayOwn(place, stats.uid, owner, rules)) return { uid: stats.uid, name: owner?.name ?? null };
    return mismatch(
      path,
      place,
      owner === undefined ? `uid ${stats.uid}` : `${owner.name} (uid ${stats.uid})`,
    );
  } catch (error) {
    // It is there, so it must not look vanished; a later scan asks again.
    const message = `the owner of ${path} (uid ${stats.uid}) cannot be looked up: ${messageOf(error)}`;
    return refused("Unreadable", message);
  }
}

async function mayOwn(
  place: SpecPlace,
  uid: number,
  owner: SystemUser | undefined,
  rules: OwnershipRules,
): Promise<boolean> {
  if (place.kind === "user") return (await rules.identity.userByName(place.user))?.uid === uid;
  return owner !== undefined && rules.isAdmin(owner);
}

function mismatch(path: string, place: SpecPlace, found: string): Refused {
  const [wanted, remedy] =
    place.kind === "user"
      ? [`${place.user} or root`, `chown it to ${place.user}`]
      : ["root or an admin", "chown it to root"];
  return refused("OwnerMismatch", `${path} belongs to ${found}; it must belong to ${wanted}: ${remedy}`);
}

function refused(reason: Refusal["reason"], message: string): Refused {
  return { refusal: { reason, message } };
}
