import type { Stats } from "node:fs";

/** Whose rights count; null: those of ds01 itself. */
export type Reader = { readonly uid: number; readonly gid: number } | null;

/**
 * Whether mode bits let somebody read a file, or list and enter a directory. Further groups and access lists are not
 * looked at: they could only let in more.
 */
export function mayRead(stats: Stats, reader: Reader): boolean {
  if (reader === null || reader.uid === 0) return true;
  const wanted = stats.isDirectory() ? 0o5 : 0o4;
  const shift = stats.uid === reader.uid ? 6 : stats.gid === reader.gid ? 3 : 0;
  return ((stats.mode >> shift) & wanted) === wanted;
}
