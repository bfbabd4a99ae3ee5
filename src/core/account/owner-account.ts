/** A group of the host's name service; null: it has a number only. */
export interface OwnerGroup {
  readonly gid: number;
  readonly name: string | null;
}

/** The system user that a container of `user: owner` runs as. */
export interface OwnerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** As the name service says; may be of no use in a container. */
  readonly home: string;
  /** All groups, the primary one included. */
  readonly groups: readonly OwnerGroup[];
}

/** Groups below it are the system's (login.defs, GID_MIN): they mean something else in every image. */
const firstOwnGid = 1000;

/** Debian's nogroup and the kernel's overflow gid, which stand for nobody. */
const nobody = 65_534;

/**
 * Groups a container of the owner gets beside the primary one, by number: those of people. `docker`, `sudo` or `disk`
 * of the host would be some other group's rights in the image.
 */
export function supplementaryGroups(account: Pick<OwnerAccount, "gid" | "groups">): readonly OwnerGroup[] {
  const wanted = account.groups.filter(
    ({ gid }) => gid >= firstOwnGid && gid !== nobody && gid !== account.gid,
  );
  return [...new Map(wanted.map((group) => [group.gid, group])).values()].toSorted((a, b) => a.gid - b.gid);
}

/** Homes of the system's accounts, which a person's files do not belong in. */
const useless =
  /^\/(?:root|nonexistent|bin|boot|dev|etc|lib|lib32|lib64|proc|run|sbin|sys|tmp|usr|var)(?:\/|$)/;

/** A folder in a folder: what lies at the top is everybody's. */
const isNested = /^\/[^/]+\/[^/]/;

/** Where HOME of the owner's containers is: as on the host, `/home/NAME` where that is none for a person. */
export function homeDirectory({ name, home }: Pick<OwnerAccount, "name" | "home">): string {
  const plain = home.startsWith("/") && !/[:\n]|\/\/|\/\.{1,2}(?:\/|$)/.test(home);
  const path = home.length > 1 ? home.replace(/\/$/, "") : home;
  return plain && isNested.test(path) && !useless.test(path) ? path : `/home/${name}`;
}
