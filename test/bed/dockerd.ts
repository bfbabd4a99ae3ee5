import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { nsenterArguments } from "./anchor.ts";
import { createEngineCgroup } from "./cgroup.ts";
import { bedName, engineDirectory, identify, isAlive } from "./engine-record.ts";
import type { EngineOptions, ProcessIdentity } from "./engine-record.ts";
import { bedPath, findProgram, otherEngine } from "./requirements.ts";
import { waitFor } from "./wait-for.ts";

/** The unix socket an engine listens on. */
export function socketPathOf(name: string): string {
  const path = join(engineDirectory(name), "docker.sock");
  if (path.length >= 100)
    throw new Error(`socket path ${path} is too long (limit 99): set TMPDIR to a shorter folder`);
  return path;
}

/** Starts dockerd in the anchor's namespaces and the engine's cgroup and waits until it answers /_ping. */
export async function startDockerd(
  options: EngineOptions,
  anchor: ProcessIdentity,
): Promise<ProcessIdentity> {
  const directory = engineDirectory(options.name);
  const log = openSync(join(directory, "dockerd.log"), "a");
  writeFileSync(join(directory, "daemon.json"), JSON.stringify(daemonSettings(options)));
  const child = spawn(
    "sh",
    [
      "-c",
      'echo $$ > "$0" && exec nsenter "$@"',
      createEngineCgroup(bedName(options.name)),
      ...nsenterArguments(anchor),
      ...daemonCommand(options),
    ],
    {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: "/",
      env: {
        PATH: `${join(directory, "bin")}:${bedPath}`,
        HOME: directory,
        DS01_BED_GPU_STATE: join(directory, "gpu.json"),
        DS01_BED_HOOK_LOG: join(directory, "hook.log"),
      },
    },
  );
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) throw new Error("could not start dockerd");
  child.unref();
  await waitFor(
    `engine ${options.name} to answer /_ping`,
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) return "ended";
      return (await ping(socketPathOf(options.name))) ? "ready" : undefined;
    },
    { intervalMs: 10 },
  ).then((outcome) => {
    if (outcome === "ended")
      throw new Error(`dockerd ${options.name} ended while starting:\n${logTail(directory)}`);
  });
  const identity = identify(pid);
  if (identity === undefined)
    throw new Error(`dockerd ${options.name} died right after starting:\n${logTail(directory)}`);
  return identity;
}

/** Whether the engine behind the socket answers GET /_ping in that time. */
export function ping(socketPath: string, timeoutMs = 1000): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: "/_ping", timeout: timeoutMs, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}

/** Sends a signal to dockerd; after KILL and TERM waits until it and its containerd are gone. */
export async function signalDockerd(
  name: string,
  daemon: ProcessIdentity,
  signal: "KILL" | "TERM" | "STOP" | "CONT",
): Promise<void> {
  if (!isAlive(daemon)) return;
  const pidFile = join(engineDirectory(name), "exec/containerd/containerd.pid");
  const containerd = identify(Number(readFileSync(pidFile, "utf8")));
  process.kill(daemon.pid, `SIG${signal}`);
  if (signal === "STOP" || signal === "CONT") return;
  await waitFor(
    `dockerd ${daemon.pid} to end after SIG${signal}`,
    () => !isAlive(daemon) && !isAlive(containerd),
    { intervalMs: 5 },
  );
  // A dead containerd that init has not reaped yet passes for a living one, and the next dockerd waits for it in vain.
  rmSync(pidFile, { force: true });
}

function daemonCommand(options: EngineOptions): string[] {
  const directory = engineDirectory(options.name);
  const network = {
    none: ["--bridge=none"],
    netns: [],
    bridge: [
      `--bridge=${bridgeNameOf(options.name)}`,
      "--iptables=false",
      "--ip-masq=false",
      "--ip-forward=false",
    ],
  }[options.network ?? "netns"];
  return [
    findProgram("dockerd") ?? "dockerd",
    `--config-file=${join(directory, "daemon.json")}`,
    `--data-root=${join(directory, "data")}`,
    `--exec-root=${join(directory, "exec")}`,
    `--pidfile=${join(directory, "docker.pid")}`,
    `--host=unix://${socketPathOf(options.name)}`,
    `--cgroup-parent=/${bedName(options.name)}`,
    "--exec-opt=native.cgroupdriver=cgroupfs",
    "--group=root",
    // Newer engines leave it to whoever starts them.
    ...(otherEngine === "" ? ["--oom-score-adjust=0"] : []),
    "--log-level=warn",
    ...network,
    ...(options.liveRestore === true ? ["--live-restore"] : []),
    ...(options.dockerdArguments ?? []),
  ];
}

function daemonSettings(options: EngineOptions): object {
  if (options.nvidia === undefined) return {};
  const path = join(engineDirectory(options.name), "bin", "nvidia-container-runtime");
  return {
    runtimes: { nvidia: { path, runtimeArgs: [] } },
    ...(options.nvidiaDefaultRuntime === true ? { "default-runtime": "nvidia" } : {}),
  };
}

/**
 * The host bridge of an engine with network `bridge`. An interface name has at most 15 characters: a hash keeps apart
 * engines whose names begin alike, such as those of two runs of one test.
 */
export function bridgeNameOf(name: string): string {
  return `bed-${createHash("sha256").update(name).digest("hex").slice(0, 11)}`;
}

function logTail(directory: string): string {
  return readFileSync(join(directory, "dockerd.log"), "utf8").split("\n").slice(-12).join("\n");
}
