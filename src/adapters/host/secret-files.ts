import { chmod, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SecretContent, SecretFiles } from "../../ports/secret-files.ts";
import { messageOf, StalledError } from "../../util/errors.ts";
import { unfinishedName } from "../atomic-file.ts";
import { errorCode } from "../error-code.ts";
import { namesIn } from "../if-there.ts";

/**
 * Secrets in a directory that its owner alone enters; a container reaches its own through mounts of single files. Below
 * /run, as by default, it lies in memory.
 */
export function secretFiles({ root }: { readonly root: string }): SecretFiles {
  async function directoryOf(uid: string): Promise<string> {
    const directory = placeOf(root, uid);
    for (const path of [root, directory]) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const found = await lstat(path);
      if (!found.isDirectory() || found.uid !== process.geteuid?.()) {
        throw notWritten(path, "it is no directory of the user ds01 runs as");
      }
      if ((found.mode & 0o777) !== 0o700) await chmod(path, 0o700);
    }
    return directory;
  }

  return {
    async reserve(uid, names) {
      await orRefuse(root, async () => {
        const directory = await directoryOf(uid);
        for (const name of names) {
          try {
            const file = await open(join(directory, name), "wx", 0o400);
            await file.close();
          } catch (error) {
            // Only root could open it again.
            if (errorCode(error) !== "EEXIST") throw error;
          }
        }
      });
    },

    async write(uid, name, { content, mode, uid: user, gid }: SecretContent) {
      await orRefuse(root, async () => {
        const path = join(await directoryOf(uid), name);
        const unfinished = unfinishedName(path);
        try {
          const file = await open(unfinished, "wx", 0o600);
          try {
            await file.writeFile(content);
            await file.chown(user, gid);
            await file.chmod(mode);
          } finally {
            await file.close();
          }
          await rename(unfinished, path);
        } finally {
          await rm(unfinished, { force: true });
        }
      });
    },

    async remove(uid) {
      await orRefuse(root, async () => rm(placeOf(root, uid), { recursive: true, force: true }));
    },

    async owners() {
      return namesIn(root);
    },
  };
}

/** Uids are ds01's own; one that would lead elsewhere is a defect. */
function placeOf(root: string, uid: string): string {
  if (!/^[A-Za-z0-9-]+$/.test(uid)) throw new Error(`not the uid of an object: ${uid}`);
  return join(root, uid);
}

async function orRefuse(root: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (errorCode(error) === "") throw error;
    throw notWritten(root, messageOf(error));
  }
}

function notWritten(path: string, why: string): StalledError {
  return new StalledError({
    reason: "SecretNotWritten",
    message: `secrets cannot be kept in ${path}: ${why}`,
    remedy: "run the controller as root, and let nobody else write its run directory",
  });
}
