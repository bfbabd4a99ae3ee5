import { copyFileSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { spawn } from "node:child_process";
import { QuickstartError } from "./run-state.mjs";
import { findProgram, runProgram } from "./run-program.mjs";
import { say } from "./say.mjs";

/** The image that the example's specs name. */
export const exampleImage = "busybox:1.37";
const localImage = "ds01-quickstart:local";
const localPrograms = ["sh", "sleep", "cat", "env", "ls"];
const pullTimeoutMs = 20_000;

/** The image to run: the example's, pulled if need be, else a tiny one made here; removed at the end if it was not there. */
export async function bringImage({ docker, isPrivate }, folder, run) {
  if (await isPresent(docker, exampleImage)) return exampleImage;
  const problem = isPrivate ? "the private engine has no way out" : await pull(docker, run);
  if (problem === undefined) {
    run.undo(`remove image ${exampleImage}`, () => docker.getImage(exampleImage).remove());
    return exampleImage;
  }
  say(
    `${exampleImage} cannot be pulled (${problem}): ${localImage}, made from this machine's own shell, stands in`,
  );
  await importImage(docker, await makeRoot(folder, run));
  run.undo(`remove image ${localImage}`, () => docker.getImage(localImage).remove());
  return localImage;
}

async function isPresent(docker, name) {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if (error.statusCode === 404) return false;
    throw error;
  }
}

/** Pulls the example image; returns why that did not work, or undefined. */
async function pull(docker, { signal }) {
  say(`Pulling ${exampleImage}`);
  const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(pullTimeoutMs)]);
  try {
    const stream = await docker.pull(exampleImage, { abortSignal });
    abortSignal.addEventListener("abort", () => stream.destroy(abortSignal.reason), { once: true });
    await finished(docker, stream);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return abortSignal.aborted
      ? `no answer within ${pullTimeoutMs / 1000} s`
      : error.message.trim().replace(/^\(HTTP code \d+\) [^-]*- /, "");
  }
}

/** Reads the engine's progress to its end, which is where it says what went wrong. */
function finished(docker, stream) {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
  });
}

/** A root file system with a shell and what it needs, copied from this machine. */
async function makeRoot(folder, { signal }) {
  const root = join(folder, "image");
  for (const path of ["bin", "dev", "etc", "proc", "sys", "tmp"])
    mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\n");
  for (const name of localPrograms) {
    const program = findProgram(name);
    if (program === undefined) throw new QuickstartError(`no program "${name}" here to make an image from`);
    copyFileSync(realpathSync(program), join(root, "bin", name));
    // A static program has no libraries, and ldd says so with an exit code.
    const { output } = await runProgram("ldd", [program], { signal });
    for (const [library] of output.matchAll(/\/\S+/g)) copyTo(root, library);
  }
  return root;
}

function copyTo(root, path) {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(realpathSync(path), target);
}

async function importImage(docker, root) {
  const [repo, tag] = localImage.split(":");
  const tar = spawn("tar", ["--owner=0", "--group=0", "-C", root, "-c", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await finished(docker, await docker.importImage(tar.stdout, { repo, tag }));
}
