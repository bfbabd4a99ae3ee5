import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, runProgram } from "./run-program.mjs";
import { say } from "./say.mjs";

const simulatedGpus = fileURLToPath(new URL("../../../deploy/simulated-gpus.yaml", import.meta.url));

/** What `--gpus` gets: the machine's own GPUs where nvidia-smi and the engine have them, else four simulated ones. */
export async function chooseGpus({ docker }, { folder }, { signal }) {
  const { code, output } = await runProgram("nvidia-smi", ["-L"], { signal, timeoutMs: 15_000 });
  signal.throwIfAborted();
  const count = code === 0 ? output.split("\n").filter((line) => line.startsWith("GPU ")).length : 0;
  if (count > 0 && (await canAttach(docker))) {
    say(`Using the ${count} GPU${count === 1 ? "" : "s"} that nvidia-smi lists`);
    return "nvidia";
  }
  const why =
    count > 0
      ? "the engine cannot give GPUs to containers: install the NVIDIA Container Toolkit"
      : "nvidia-smi does not answer";
  say(`Using four simulated GPUs (${why})`);
  const file = join(folder, "gpus.yaml");
  copyFileSync(simulatedGpus, file);
  return `simulated:${file}`;
}

async function canAttach(docker) {
  const { Runtimes = {}, DiscoveredDevices } = await docker.info();
  const discovered = (DiscoveredDevices ?? []).some(({ ID }) => ID?.startsWith("nvidia.com/gpu"));
  return "nvidia" in Runtimes || discovered || findProgram("nvidia-container-runtime-hook") !== undefined;
}
