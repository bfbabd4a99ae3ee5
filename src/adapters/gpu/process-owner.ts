import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Who a process of this host belongs to. */
export interface ProcessOwner {
  /** Containers it runs in, outermost first, 64 hex digits each; empty for a process of the host. */
  readonly containerIds: readonly string[];
  /** The user it runs as; null when that cannot be found out. */
  readonly uid: number | null;
  /** The user who logged in and started it, whatever it runs as now (sudo); null for services. */
  readonly loginUid: number | null;
}

const unknown: ProcessOwner = { containerIds: [], uid: null, loginUid: null };
/** What the kernel writes into loginuid for who never logged in. */
const noLogin = 4_294_967_295;

/** Looks a process up in /proc. Nothing found out means nothing claimed: a vanished process is nobody's. */
export async function processOwner(pid: number, procRoot = "/proc"): Promise<ProcessOwner> {
  const directory = join(procRoot, String(pid));
  try {
    const [cgroup, { uid }, login] = await Promise.all([
      readFile(join(directory, "cgroup"), "utf8"),
      stat(directory),
      readFile(join(directory, "loginuid"), "utf8").catch(ifGone("")),
    ]);
    return { containerIds: containerIdsIn(cgroup), uid, loginUid: loginUidIn(cgroup, login) };
  } catch (error) {
    return ifGone(unknown)(error);
  }
}

/** Ids of the containers around a process, outermost first, from the text of /proc/PID/cgroup (v1 or v2). */
export function containerIdsIn(cgroup: string): readonly string[] {
  // Each hierarchy of v1 has a line; some of them may stay outside of the container.
  const lines = cgroup.split("\n").map((line) => line.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []);
  const longest = lines.reduce((most, ids) => (new Set(ids).size > new Set(most).size ? ids : most), []);
  return [...new Set(longest)];
}

/** The login of `user-1000.slice`, else what the audit system noted. */
function loginUidIn(cgroup: string, loginuid: string): number | null {
  const slice = /\/user-(\d+)\.slice(?:\/|$)/m.exec(cgroup)?.[1];
  const uid = Number(slice ?? (loginuid.trim() === "" ? noLogin : loginuid));
  return Number.isSafeInteger(uid) && uid !== noLogin ? uid : null;
}

function ifGone<T>(value: T): (error: unknown) => T {
  return (error) => {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return value;
    throw error;
  };
}
