// `npm run quickstart`: shows ds01 doing its main job on this machine and leaves nothing behind. Plain Node, because
// nothing is installed yet; each step is a file of steps/.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startController } from "./steps/controller.mjs";
import { declare } from "./steps/declare.mjs";
import { ds01At } from "./steps/ds01.mjs";
import { findEngine } from "./steps/engine.mjs";
import { chooseGpus } from "./steps/gpus.mjs";
import { bringImage } from "./steps/image.mjs";
import { prepare } from "./steps/prepare.mjs";
import { beginRun, QuickstartError } from "./steps/run-state.mjs";
import { say } from "./steps/say.mjs";
import { showRepair } from "./steps/repair.mjs";
import { stayInForeground } from "./steps/foreground.mjs";

const exampleFolder = import.meta.dirname;
const root = join(exampleFolder, "../..");
const cli = join(root, "dist/cli/main.js");

const run = beginRun();
let everythingReady = false;
try {
  everythingReady = await quickstart();
} catch (error) {
  process.stderr.write(`${error instanceof QuickstartError ? error.message : error.stack}\n`);
}
const clean = await run.cleanUp();
// What a hanging engine still owes us must not keep the process.
process.exit(everythingReady && clean ? 0 : 1);

/** Resolves with whether everything became Ready; with a terminal not before Ctrl-C. */
async function quickstart() {
  if (process.platform !== "linux")
    throw new QuickstartError("ds01 runs on Linux, beside the Docker Engine.");
  await prepare(root, run);
  const folder = temporaryFolder();
  const engine = await findEngine(folder, run);
  const image = await bringImage(engine, folder, run);
  const gpus = await chooseGpus(engine, { folder }, run);
  const specs = join(folder, "specs");
  const socketPath = await startController({ cli, engine, gpus, folder, specs }, run);
  const ds01 = ds01At({ cli, socketPath }, run);

  const containers = await declare({ ds01, exampleFolder, specs, image }, run);
  await ds01.show("get", "containers", "-A");
  await ds01.show("get", "gpus");
  await showRepair({ ds01, docker: engine.docker, container: containers[0] }, run);
  say("\nEverything declared is Ready.");

  if (process.stdin.isTTY && process.stdout.isTTY) {
    await stayInForeground({ cli, socketPath, engine, specs, container: containers[0] }, run);
  }
  return true;
}

function temporaryFolder() {
  // Not TMPDIR: a unix socket's path has 107 bytes at most.
  const folder = mkdtempSync("/tmp/ds01-quickstart-");
  run.undo(`remove ${folder}`, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
