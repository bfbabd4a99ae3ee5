import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../../ports/log.ts";
import { messageOf } from "../../util/errors.ts";
import { unfinishedFile } from "../atomic-file.ts";
import { errorCode } from "../error-code.ts";

/** Objects and worktrees are looked after by those who read them. */
const folders = ["", "api", "container-metadata"];

/**
 * Removes what a killed controller was about to rename in a state directory; for the holder of its lock. Where that does
 * not go, the log says so and it stays.
 */
export async function removeUnfinishedFiles(stateDir: string, log: Log): Promise<void> {
  for (const folder of folders) {
    const directory = join(stateDir, folder);
    try {
      for (const name of await readdir(directory))
        if (unfinishedFile.test(name)) await rm(join(directory, name), { force: true });
    } catch (error) {
      if (errorCode(error) !== "ENOENT")
        log.warn({ directory, message: messageOf(error) }, "cannot remove unfinished files");
    }
  }
}
