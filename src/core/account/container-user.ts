/** A user as the kernel knows them. */
export interface NumericUser {
  readonly uid: number;
  readonly gid: number;
}

/** Texts of a container's /etc/passwd and /etc/group; null where it has none. */
export interface AccountFiles {
  readonly passwd: () => Promise<string | null>;
  readonly group: () => Promise<string | null>;
}

/**
 * Docker's `USER`, as numbers: names are those of the container, a user without a group has that of its account, else
 * root's. A name that is not there is root: Docker will not start it anyway.
 */
export async function numericUser(written: string, files: AccountFiles): Promise<NumericUser> {
  const [user = "", group] = written.split(":");
  if (user === "") return { uid: 0, gid: 0 };
  const accounts = /^\d+:\d+$/.test(written) ? [] : rows(await files.passwd());
  const account = accounts.find(([name, , uid]) => (isNumber(user) ? uid === user : name === user));
  const uid = isNumber(user) ? Number(user) : Number(account?.[2] ?? 0);
  if (group === undefined || group === "") return { uid, gid: Number(account?.[3] ?? 0) };
  if (isNumber(group)) return { uid, gid: Number(group) };
  const found = rows(await files.group()).find(([name]) => name === group);
  return { uid, gid: Number(found?.[2] ?? 0) };
}

function rows(text: string | null): readonly (readonly string[])[] {
  return (text ?? "").split("\n").map((line) => line.split(":"));
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}
