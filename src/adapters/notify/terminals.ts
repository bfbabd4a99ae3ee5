import { constants } from "node:fs";
import { open, readdir, readFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { noticeLine } from "../../core/notice.ts";
import type { NoticeChannel, NoticeTarget } from "../../ports/notice-channel.ts";

/** Major numbers of pseudo-terminals (Linux, Documentation/admin-guide/devices.txt). */
const firstMajor = 136;
const lastMajor = 143;

export interface TerminalsOptions {
  readonly procRoot?: string;
  /** Terminals of this machine. */
  readonly hostTerminals?: string;
}

/** Writes a line to the terminals in the container and to those of its owner on this machine. */
export function terminalsChannel({
  procRoot = "/proc",
  hostTerminals = "/dev/pts",
}: TerminalsOptions = {}): NoticeChannel {
  return {
    name: "terminals",
    send: async (notice, target) => {
      const text = `\r\n${noticeLine(notice)}\r\n`;
      const failures: string[] = [];
      const folders = [
        ...((await isOfContainer(procRoot, target))
          ? [{ folder: join(procRoot, String(target.pid), "root/dev/pts"), uid: null }]
          : []),
        ...(target.uid === null ? [] : [{ folder: hostTerminals, uid: target.uid }]),
      ];
      for (const { folder, uid } of folders) {
        for (const name of await terminalsIn(folder)) {
          try {
            await writeTo(join(folder, name), uid, text);
          } catch (error) {
            failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
          }
        }
      }
      if (failures.length > 0) throw new Error(failures.join("; "));
    },
  };
}

/** The process of that number may be another one by now. */
async function isOfContainer(procRoot: string, { pid, containerId }: NoticeTarget): Promise<boolean> {
  if (pid === null || containerId === null) return false;
  const cgroups = await readFile(join(procRoot, String(pid), "cgroup"), "utf8").catch(() => "");
  return cgroups.includes(containerId);
}

async function terminalsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => /^\d+$/.test(name));
}

/** Only ever to a pseudo-terminal, of that user where one is named, and without waiting for one that is stopped. */
async function writeTo(path: string, uid: number | null, text: string): Promise<void> {
  const { O_WRONLY, O_NOCTTY, O_NONBLOCK, O_NOFOLLOW } = constants;
  let terminal: FileHandle | undefined;
  try {
    terminal = await open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    const before = await terminal.stat();
    const major = Number((BigInt(before.rdev) >> 8n) & 0xfffn);
    if (!before.isCharacterDevice() || major < firstMajor || major > lastMajor) return;
    if (uid !== null && before.uid !== uid) return;
    await terminal.write(text);
    // What ds01 writes is no sign that somebody is there.
    await terminal.utimes(before.atime, before.mtime);
  } finally {
    await terminal?.close();
  }
}
