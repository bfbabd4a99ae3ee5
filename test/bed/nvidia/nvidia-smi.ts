import { appendFileSync, existsSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import { listLines, presentGpus } from "./devices.ts";
import { changeMig } from "./mig-changes.ts";
import { migTable } from "./mig-tables.ts";
import { helpQueryGpu, queryComputeApps, queryGpu } from "./query-gpu.ts";
import type { GpuQuery } from "./query-gpu.ts";
import { queryXml } from "./query-xml.ts";
import { readGpuState, writeFlatDevices } from "./state.ts";
import type { GpuState, SimulatedGpu, SmiFault } from "./state.ts";
import { topologyMatrix } from "./topology.ts";

const statePath = process.env["DS01_BED_GPU_STATE"] ?? "";

async function main(words: readonly string[]): Promise<number> {
  if (words[0] === "--bed-flatten") {
    writeFlatDevices(statePath, readGpuState(statePath));
    return 0;
  }
  const fault = standingFault(words);
  // Before the call is told of: who sees that it hangs may signal it at once.
  if (fault?.mode === "hang") turnDeaf();
  logCall(words);
  if (fault?.mode === "hang") await hang(words);
  if (fault?.mode === "slow") await sleep(fault.delayMs ?? 2_000);
  const answer = faulty(fault, () => respond(readGpuState(statePath), words));
  writeAll(answer.output);
  if (fault?.stderr !== undefined) process.stderr.write(fault.stderr);
  return answer.exitCode;
}

function respond(state: GpuState, words: readonly string[]): Answer {
  const gpus = presentGpus(state);
  if (words.includes("--version")) return version(state);
  if (words.includes("--help-query-gpu")) return helpQueryGpu(state);
  if (gpus.length === 0) return { output: "No devices were found\n", exitCode: 6 };
  const selected = select(gpus, option(words, "-i", "--id"));
  if (selected === undefined) return { output: "No devices were found\n", exitCode: 6 };
  const deaf = selected.find((gpu) => gpu.lost === "handle" || gpu.lost === "unknown");
  if (deaf !== undefined) return noHandle(deaf);
  return report(words, { state, gpus, selected });
}

function report(words: readonly string[], query: Omit<GpuQuery, "names" | "format">): Answer {
  const { state, gpus, selected } = query;
  if (words.includes("-L") || words.includes("--list-gpus")) {
    return { output: `${listLines(gpus).join("\n")}\n`, exitCode: 0 };
  }
  const format = option(words, "", "--format") ?? "";
  const names = option(words, "", "--query-gpu");
  if (names !== undefined) return queryGpu({ ...query, names, format });
  const apps = option(words, "", "--query-compute-apps");
  if (apps !== undefined) return queryComputeApps(apps, selected, format);
  if (words[0] === "mig") return mig(words, state, selected);
  if (words[0] === "topo" && words.includes("-m")) return topologyMatrix(gpus);
  if (words.includes("-q") && words.includes("-x")) return queryXml(state, gpus, selected);
  return {
    output: "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n",
    exitCode: 2,
  };
}

function mig(words: readonly string[], state: GpuState, selected: readonly SimulatedGpu[]): Answer {
  const create = option(words, "-cgi", "--create-gpu-instance");
  const destroy = words.includes("-dci") ? "compute" : words.includes("-dgi") ? "gpu" : undefined;
  const list = words.find((word) => word.startsWith("-l"));
  if (create === undefined && destroy === undefined) return migTable(state, selected, list);
  const gpuInstance = option(words, "-gi", "--gpu-instance-id");
  return changeMig(statePath, state, selected, {
    create,
    computeToo: words.includes("-C"),
    destroy,
    gpuInstance,
  });
}

function faulty(fault: SmiFault | undefined, respondNow: () => Answer): Answer {
  const driver =
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n";
  switch (fault?.mode) {
    case "exit":
      return { output: fault.stdout ?? "", exitCode: fault.exitCode ?? 1 };
    case "nodriver":
      return { output: driver, exitCode: 9 };
    case "mismatch":
      return {
        output: "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 570.133\n",
        exitCode: 18,
      };
    case "garbage":
      return { output: fault.stdout ?? "\u0000\u0007<<<%$ ,,,, GPU : (UUID\n}{,MiB\n", exitCode: 0 };
    case "empty":
      return { output: "", exitCode: 0 };
    case "truncate": {
      const { output, exitCode } = respondNow();
      return { output: output.slice(0, Math.floor(output.length / 2)), exitCode };
    }
    case "hang":
    case "slow":
    case undefined:
      return respondNow();
  }
}

function version(state: GpuState): Answer {
  const rows = [
    ["NVIDIA-SMI version", state.driverVersion],
    ["NVML version", state.driverVersion.split(".").slice(0, 2).join(".")],
    ["DRIVER version", state.driverVersion],
    ["CUDA Version", state.cudaVersion],
  ];
  return { output: rows.map(([name = "", value]) => `${name.padEnd(20)}: ${value}\n`).join(""), exitCode: 0 };
}

function noHandle(gpu: SimulatedGpu): Answer {
  const reason =
    gpu.lost === "handle" ? "GPU is lost.  Reboot the system to recover this GPU" : "Unknown Error";
  return {
    output: `Unable to determine the device handle for GPU ${gpu.busId.slice(4)}: ${reason}\n`,
    exitCode: gpu.lost === "handle" ? 15 : 255,
  };
}

function select(gpus: readonly SimulatedGpu[], id: string | undefined): SimulatedGpu[] | undefined {
  if (id === undefined) return [...gpus];
  const found = id
    .split(",")
    .map((word) =>
      gpus.find((gpu, index) => [String(index), gpu.uuid, gpu.busId, gpu.serial].includes(word)),
    );
  return found.every((gpu) => gpu !== undefined) ? found : undefined;
}

/** `--name=value`, `--name value` or `-n value`. */
function option(words: readonly string[], short: string, long: string): string | undefined {
  const joined = words.find((word) => word.startsWith(`${long}=`));
  if (joined !== undefined) return joined.slice(long.length + 1);
  const at = words.findIndex((word) => word === long || (short !== "" && word === short));
  return at < 0 ? undefined : (words[at + 1] ?? "");
}

function standingFault(words: readonly string[]): SmiFault | undefined {
  const { fault } = readGpuState(statePath);
  if (fault?.match !== undefined && !new RegExp(fault.match).test(words.join(" "))) return undefined;
  return fault;
}

/** Stays, deaf to everything but SIGKILL as a process in D state, until the fault is lifted or the bed is gone. */
function turnDeaf(): void {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
}

async function hang(words: readonly string[]): Promise<void> {
  while (existsSync(statePath) && standingFault(words)?.mode === "hang") await sleep(100);
  if (!existsSync(statePath)) process.exit(255);
}

function logCall(words: readonly string[]): void {
  appendFileSync(
    join(dirname(statePath), "smi.log"),
    `${JSON.stringify({ pid: process.pid, arguments: words })}\n`,
  );
}

function writeAll(output: string): void {
  const bytes = Buffer.from(output);
  for (let sent = 0; sent < bytes.length;) sent += writeSync(1, bytes, sent);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`bed nvidia-smi: ${String(error)}\n`);
    process.exitCode = 255;
  },
);
