import { closeSync, fsync, openSync, writeFileSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const syncFile = promisify(fsync);

let written = 0;

/** Names of our unfinished files: `.NAME.PID.N.tmp`; one that is found at a start belongs to nobody. */
export const unfinishedFile = /^\..+\.\d+\.\d+\.tmp$/;

/** A name beside `path` for the new text until it is complete. */
export function unfinishedName(path: string): string {
  written += 1;
  return join(dirname(path), `.${basename(path)}.${process.pid}.${written}.tmp`);
}

/**
 * Replaces a file so that readers see the old text or the new one, never a part. The text is on disk when this
 * resolves; that the name points to it, only after `syncDirectory`. What may wait for the disk runs beside other
 * work; opening, writing to the page cache and closing do not, and cost a quarter when done at once.
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const unfinished = unfinishedName(path);
  try {
    const file = openSync(unfinished, "wx", mode);
    try {
      writeFileSync(file, text);
      await syncFile(file);
    } finally {
      closeSync(file);
    }
    await rename(unfinished, path);
  } catch (error) {
    // What went wrong first is what is told.
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = openSync(path, "r");
  try {
    await syncFile(directory);
  } finally {
    closeSync(directory);
  }
}
