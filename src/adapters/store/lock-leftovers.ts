import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fateOf } from "./process-mark.ts";
import type { ProcessMark } from "./process-mark.ts";

/** A starter that lives has long linked or left by then. */
const startingMs = 60_000;

/**
 * Removes what processes that were killed while they took or handed on the lock have left in its directory: what
 * stood beside the file of an epoch before `epoch`, and files that were to become an epoch. That of a starter that
 * lives stays.
 */
export function removeLockLeftovers(directory: string, epoch: number): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const beside = /^(\d+)\.(?:lock|json\.released)$/.exec(name)?.[1];
    const isOld = beside !== undefined && Number(beside) < epoch;
    if (isOld || (/^\..+\.new$/.test(name) && isAbandoned(path)))
      rmSync(path, { force: true, recursive: true });
  }
}

function isAbandoned(path: string): boolean {
  try {
    return fateOf(JSON.parse(readFileSync(path, "utf8")) as ProcessMark) === "dead";
  } catch {
    // Gone meanwhile, or not written to the end: whose it is is not to be known.
    const madeAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - madeAt > startingMs;
  }
}
