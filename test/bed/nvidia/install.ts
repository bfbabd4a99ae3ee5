import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { createGpuState } from "./state.ts";

const source = import.meta.dirname;

/** Puts the simulated NVIDIA stack into an engine's folder: the state file, and the stand-ins under bin. */
export function installNvidia(directory: string, spec: string): void {
  const bin = join(directory, "bin");
  for (const file of ["nvidia-container-runtime-hook", "nvidia-container-runtime", "hook.awk"])
    copyFileSync(join(source, file), join(bin, file));
  installNvidiaSmi(bin, join(directory, "gpu.json"));
  createGpuState(join(directory, "gpu.json"), spec);
}

/** Puts the stand-in nvidia-smi alone into a folder, bound to the state file it reads. */
export function installNvidiaSmi(bin: string, statePath: string): void {
  const program = join(bin, "nvidia-smi.cjs");
  buildSync({
    entryPoints: [join(source, "nvidia-smi.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    logLevel: "error",
  });
  const script = `#!/bin/sh\nexport DS01_BED_GPU_STATE='${statePath}'\nexec '${process.execPath}' '${program}' "$@"\n`;
  writeFileSync(join(bin, "nvidia-smi"), script);
  chmodSync(join(bin, "nvidia-smi"), 0o755);
}
