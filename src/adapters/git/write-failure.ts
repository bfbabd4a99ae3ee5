import { rm, writeFile } from "node:fs/promises";
import { messageOf } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";
import { diskFull, failureFrom, GitFailure } from "./git-failure.ts";

/** What Git leaves of a full disk is less than a block of its files. */
const probeBytes = 64 * 1024;

/**
 * Why Git could not write what it checks out beside `target`; null where `stderr` tells of something else. Git names no
 * cause for some of these: then a file is written there to see what comes of it.
 */
export async function writeFailure(stderr: string, target: string): Promise<GitFailure | null> {
  const said = failureFrom("git read-tree", stderr);
  if (said.reason === diskFull.reason) return said;
  const [line] = /^.*unable to (?:write|create) (?:file|new index).*$/m.exec(stderr) ?? [];
  if (line === undefined) return null;
  const found = await probed(`${target}.probe`);
  if (["ENOSPC", "EDQUOT"].includes(errorCode(found))) return new GitFailure(diskFull);
  const cause = found === null ? line.slice(0, 300) : messageOf(found);
  return new GitFailure({
    reason: "SyncFailed",
    message: `what was fetched cannot be written out (${cause})`,
    remedy: "look at the disk of the state directory and its limits",
  });
}

/** Writes a file and removes it; why that failed, or null. */
async function probed(file: string): Promise<unknown> {
  try {
    await writeFile(file, Buffer.alloc(probeBytes), { flush: true });
    return null;
  } catch (error) {
    return error;
  } finally {
    await rm(file, { force: true });
  }
}
