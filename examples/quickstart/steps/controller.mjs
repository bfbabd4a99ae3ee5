import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QuickstartError } from "./run-state.mjs";
import { ended, startProgram } from "./run-program.mjs";
import { waitFor } from "./wait-for.mjs";

const instanceLabel = "ds01.instance";

/**
 * Starts `ds01 controller` on everything temporary and waits until it is ready. At the end it stops first, so that it
 * repairs nothing, and then its containers go; those of other controllers have another instance and stay.
 */
export async function startController({ cli, engine, gpus, folder, specs }, run) {
  const instance = `quickstart-${folder.slice(folder.lastIndexOf("-") + 1)}`;
  const config = join(folder, "config.yaml");
  const logPath = join(folder, "controller.log");
  // The users of the example are nobody on this machine, so the path alone says whose a file is.
  writeFileSync(config, `trust: path\ninstance: ${instance}\n`);
  for (const name of ["users", "quotas"]) mkdirSync(join(specs, name), { recursive: true });
  run.undo("remove the containers", () => removeContainers(engine.docker, instance));
  const log = openSync(logPath, "a");
  const child = startProgram(
    process.execPath,
    [cli, "controller", ...flags({ config, specs, folder, engine, gpus })],
    { log },
  );
  closeSync(log);
  run.undo("stop the controller", async () => {
    child.kill("SIGTERM");
    const killLater = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await ended(child);
    clearTimeout(killLater);
  });
  const socketPath = join(folder, "run/ds01.sock");
  await waitUntilReady(child, logPath, run);
  return socketPath;
}

async function waitUntilReady(child, logPath, { signal }) {
  const log = () => readFileSync(logPath, "utf8");
  const isReady = () => {
    if (child.exitCode !== null) throw new QuickstartError(`it ended with exit code ${child.exitCode}`);
    return log().includes('"msg":"ready"');
  };
  try {
    await waitFor("its being ready", isReady, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new QuickstartError(`The controller did not start: ${error.message}. Its log:\n${log()}`.trimEnd());
  }
}

function flags({ config, specs, folder, engine, gpus }) {
  const values = {
    config,
    specs,
    "state-dir": join(folder, "state"),
    "run-dir": join(folder, "run"),
    "log-dir": join(folder, "log"),
    "docker-host": engine.dockerHost,
    gpus,
  };
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}

async function removeContainers(docker, instance) {
  const filters = { label: [`${instanceLabel}=${instance}`] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
}
