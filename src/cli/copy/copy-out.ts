import { createWriteStream } from "node:fs";
import { lstat, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, posix, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { Ds01Error, NotFoundError, messageOf } from "../../util/errors.ts";
import { commandOf, requireSuccess, runScript } from "../remote-command.ts";
import type { RemotePlace, RemoteScript } from "../remote-command.ts";
import { unpackBelow } from "./unpack.ts";

/** What stands at path $1, by which name people call it, and whether there is a tar. */
const lookScript = `
if [ -d "$1" ]; then echo directory
elif [ -f "$1" ]; then if [ -x "$1" ]; then echo program; else echo file; fi
elif [ -e "$1" ]; then echo other
else echo missing; fi
(cd "$1" 2>/dev/null && pwd) || echo "$1"
command -v tar >/dev/null 2>&1 && echo tar
exit 0`;

/** Copies a file or directory out of a container, with the rights of the container's user. */
export async function copyOut(
  place: RemotePlace,
  from: string,
  to: string,
  skip: (path: string, why: string) => void,
): Promise<void> {
  const look = await runScript(place, { script: lookScript, values: [from] });
  requireSuccess(`${from} cannot be looked at`, look);
  const [found, fullPath = from, tar] = look.stdout.trim().split("\n");
  if (found === "missing") {
    throw new NotFoundError({
      reason: "NoSuchFile",
      message: `${from}: there is no such file or directory in the container, or none that its user may see`,
    });
  }
  if (found === "other") throw failure(`${from} is neither a file nor a directory`);
  const name = posix.basename(fullPath);
  const here = await kindHere(to);
  // The name comes from the container: it must not be one that leads elsewhere.
  if (here === "directory" && /^(?:|\.|\.\.)$/.test(name))
    throw failure(`${from} has no name of its own; name the target`);
  const path = here === "directory" ? join(to, name) : to;
  if (found !== "directory") {
    // A pipe or a device is written to where a person has named it.
    const isDraft = here !== "other";
    return readFile(place, { from, path, isDraft, mode: found === "program" ? 0o755 : 0o644 });
  }
  if (here === "other" || here === "file") throw failure(`${to} is a file, and ${from} is a directory`);
  if (tar !== "tar")
    throw failure("the image has no tar, which directories need", "Copy the files one by one.");
  await makeDirectory(path);
  const script = 'exec tar -C "$1" -cf - .';
  await readOutput(place, { script, values: [from] }, `${from} was not copied as a whole`, (output) =>
    unpackBelow(path, output, skip),
  );
}

interface Wanted {
  readonly from: string;
  readonly path: string;
  /** Into a file of another name first: what was there stays until all has come. */
  readonly isDraft: boolean;
  readonly mode: number;
}

async function readFile(place: RemotePlace, { from, path, isDraft, mode }: Wanted): Promise<void> {
  const script = 'exec cat "$1"';
  const what = `${from} cannot be read`;
  const draft = isDraft ? join(dirname(resolve(path)), `.${basename(path)}.${process.pid}.ds01`) : path;
  try {
    await readOutput(place, { script, values: [from] }, what, (output) =>
      pipeline(output, createWriteStream(draft, { flags: isDraft ? "wx" : "w", mode })),
    );
    if (isDraft) await rename(draft, path);
  } catch (error) {
    if (isDraft) await rm(draft, { force: true });
    if (error instanceof Ds01Error) throw error;
    throw failure(`${path} cannot be written: ${messageOf(error)}`);
  }
}

/** Runs a script whose output `take` reads; throws what it wrote on standard error where it failed. */
async function readOutput(
  { client, target }: RemotePlace,
  script: RemoteScript,
  what: string,
  take: (output: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const remote = await client.exec(target, { command: commandOf(script) });
  try {
    const [stderr] = await Promise.all([text(remote.stderr), take(remote.stdout as AsyncIterable<Buffer>)]);
    requireSuccess(what, { code: await remote.exitCode, stdout: "", stderr });
  } finally {
    remote.close();
  }
}

async function kindHere(path: string): Promise<"directory" | "file" | "other" | "missing"> {
  try {
    const stats = await stat(path);
    return stats.isDirectory() ? "directory" : stats.isFile() ? "file" : "other";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "missing";
    throw failure(`${path} cannot be looked at: ${messageOf(error)}`);
  }
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
    throw failure(`${path} cannot be made: ${messageOf(error)}`);
  });
  // Its name has come from the container, and could be that of a link which is there.
  if (!(await lstat(path)).isDirectory()) throw failure(`${path} is in the way: it is no directory`);
}

function failure(message: string, remedy?: string): Ds01Error {
  return new Ds01Error({ reason: "CopyFailed", message, ...(remedy === undefined ? {} : { remedy }) });
}
