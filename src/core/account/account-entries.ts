import { homeDirectory, supplementaryGroups, type OwnerAccount } from "./owner-account.ts";

/** /etc/passwd and /etc/group of a container. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

/**
 * The same files with a line for the account's uid and one for each of its groups, where the numbers have no name yet;
 * what is there stays as it is. A name that stands for another number already gets its own number added.
 */
export function withAccount(files: AccountFiles, account: OwnerAccount, shell: string): AccountFiles {
  const { uid, gid } = account;
  const user = entryOf(files.passwd, uid)?.name ?? freeName(files.passwd, account.name, uid);
  const groups = [
    // Where the group has no name on the host, it is the user's own.
    { gid, name: nameOf(account, gid) ?? account.name, members: "" },
    ...supplementaryGroups(account).map((group) => {
      return { gid: group.gid, name: group.name ?? `gid-${group.gid}`, members: user };
    }),
  ];
  return {
    passwd: withLine(files.passwd, uid, `${user}:x:${uid}:${gid}::${homeDirectory(account)}:${shell}`),
    group: groups.reduce(
      (text, { gid: number, name, members }) =>
        withLine(text, number, `${freeName(text, name, number)}:x:${number}:${members}`),
      files.group,
    ),
  };
}

/** First line of a number, as the C library finds it. */
export function entryOf(text: string, number: number): { readonly name: string } | undefined {
  for (const line of text.split("\n")) {
    const [name = "", , found = ""] = line.split(":");
    if (name !== "" && /^\d+$/.test(found) && Number(found) === number) return { name };
  }
  return undefined;
}

function nameOf({ groups }: OwnerAccount, gid: number): string | null {
  return groups.find((group) => group.gid === gid)?.name ?? null;
}

function freeName(text: string, name: string, number: number): string {
  const plain = name.replaceAll(/[:,\n]/g, "_");
  const names = new Set(text.split("\n").map((line) => line.split(":", 1)[0]));
  return names.has(plain) ? `${plain}-${number}` : plain;
}

function withLine(text: string, number: number, line: string): string {
  if (entryOf(text, number) !== undefined) return text;
  return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${line}\n`;
}
