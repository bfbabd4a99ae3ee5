import { entryOf, withAccount, type AccountFiles } from "./account-entries.ts";
import { homeDirectory, supplementaryGroups, type OwnerAccount } from "./owner-account.ts";

/** What lies at paths of a container, as far as its owner's account is concerned; null: nothing. */
export interface AccountFacts {
  readonly etc: "directory" | "other" | null;
  /** Text of the files; undefined: it is no plain file, or a very long one. */
  readonly passwd: string | null | undefined;
  readonly group: string | null | undefined;
  readonly hasBash: boolean;
  /** Folders from the top down to HOME; the last one is HOME. */
  readonly homePath: readonly { readonly path: string; readonly kind: "directory" | "other" | null }[];
  readonly readOnly: boolean;
  /** Where mounts lie in the container. */
  readonly mounts: readonly string[];
}

/** A file or folder to write. */
export interface AccountWrite {
  readonly path: string;
  readonly content?: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface AccountPlan {
  readonly writes: readonly AccountWrite[];
  /** Why something is missing that is wanted, in words that follow "because"; null: all is there. */
  readonly missing: string | null;
}

const root = { uid: 0, gid: 0 } as const;

/** What to write so that uid and groups have names and HOME belongs to the owner; nothing through a link or a mount. */
export function planAccount(account: OwnerAccount, facts: AccountFacts): AccountPlan {
  const names = planNames(account, facts);
  const home = planHome(account, facts);
  return {
    writes: [...names.writes, ...home.writes],
    missing: names.missing ?? home.missing,
  };
}

function planNames(account: OwnerAccount, facts: AccountFacts): AccountPlan {
  const { passwd, group, etc } = facts;
  if (etc === "other") return left("/etc of the image is no plain folder");
  if (passwd === undefined) return left("/etc/passwd of the image is no plain file");
  if (group === undefined) return left("/etc/group of the image is no plain file");
  const before: AccountFiles = { passwd: passwd ?? "", group: group ?? "" };
  if (hasAll(account, before)) return { writes: [], missing: null };
  if (facts.readOnly)
    return left("its root file system is read-only (securityContext.readOnlyRootFilesystem)");
  const covered = ["/etc/passwd", "/etc/group"].find((path) => isCovered(path, facts.mounts));
  if (covered !== undefined) return left(`a mount covers ${covered}`);
  const after = withAccount(before, account, facts.hasBash ? "/bin/bash" : "/bin/sh");
  const file = { mode: 0o644, ...root };
  return {
    writes: [
      ...(etc === null ? [{ path: "/etc", mode: 0o755, ...root }] : []),
      ...(after.passwd === before.passwd ? [] : [{ path: "/etc/passwd", content: after.passwd, ...file }]),
      ...(after.group === before.group ? [] : [{ path: "/etc/group", content: after.group, ...file }]),
    ],
    missing: null,
  };
}

function hasAll(account: OwnerAccount, { passwd, group }: AccountFiles): boolean {
  const gids = [account.gid, ...supplementaryGroups(account).map(({ gid }) => gid)];
  return entryOf(passwd, account.uid) !== undefined && gids.every((gid) => entryOf(group, gid) !== undefined);
}

/** HOME is made and given to the owner; one that a mount brings is as it is. */
function planHome(account: OwnerAccount, { homePath, mounts, readOnly }: AccountFacts): AccountPlan {
  const home = homeDirectory(account);
  if (isCovered(home, mounts)) return { writes: [], missing: null };
  const blocked = homePath.find(({ kind }) => kind === "other");
  if (blocked !== undefined) return left(`${blocked.path} of the image is no plain folder`);
  if (readOnly) {
    return homePath.some(({ kind }) => kind === null)
      ? left("its root file system is read-only (securityContext.readOnlyRootFilesystem)")
      : { writes: [], missing: null };
  }
  const above = homePath.slice(0, -1).filter(({ kind }) => kind === null);
  return {
    writes: [
      ...above.map(({ path }) => ({ path, mode: 0o755, ...root })),
      { path: home, mode: 0o700, uid: account.uid, gid: account.gid },
    ],
    missing: null,
  };
}

/** True where a mount lies at the path or above it. */
export function isCovered(path: string, mounts: readonly string[]): boolean {
  return mounts.some((mount) => path === mount || path.startsWith(mount === "/" ? mount : `${mount}/`));
}

function left(missing: string): AccountPlan {
  return { writes: [], missing };
}
