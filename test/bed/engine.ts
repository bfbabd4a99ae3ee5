import { rmSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import { nsenterArguments, removeSharedMountPoints, startAnchor } from "./anchor.ts";
import { addHostBridge, removeHostBridge } from "./host-bridge.ts";
import { destroyCgroup } from "./cgroup.ts";
import { ping, signalDockerd, socketPathOf, startDockerd } from "./dockerd.ts";
import {
  bedName,
  claim,
  engineDirectory,
  engineNames,
  identify,
  isAlive,
  readRecord,
  writeRecord,
} from "./engine-record.ts";
import type { EngineOptions, EngineRecord, ProcessIdentity } from "./engine-record.ts";
import { loadImages } from "./images.ts";
import { ensureRequirements } from "./requirements.ts";
import { waitFor } from "./wait-for.ts";
import { installNvidia } from "./nvidia/install.ts";

export type { EngineNetwork, EngineOptions } from "./engine-record.ts";

/** An engine a test may use: its own, or the one DOCKER_HOST names. */
export interface EngineHandle {
  readonly socketPath: string;
  readonly dockerHost: string;
  readonly docker: Docker;
  /** Ends an engine of the bed; leaves the one of DOCKER_HOST alone. */
  stop(): Promise<void>;
}

/** A private dockerd, with what breaks it. */
export interface Engine extends EngineHandle {
  readonly name: string;
  readonly directory: string;
  /** The host pid of dockerd as it is now. */
  readonly pid: number;
  /** The GPU state file that a test edits (updateGpuState), when the engine simulates GPUs. */
  readonly gpuState: string;
  /** One JSON line for each call of the container hook. */
  readonly hookLog: string;
  /** The folder with the stand-in nvidia-smi, for the front of a PATH. */
  readonly binPath: string;
  /** `execFile("nsenter", [...engine.nsenterArgs, command])` runs a command inside the engine's namespaces. */
  readonly nsenterArgs: readonly string[];
  /** Signals dockerd alone (not its containers); KILL and TERM return when it is gone. */
  kill(signal: "KILL" | "STOP" | "CONT" | "TERM"): Promise<void>;
  /** Starts dockerd again in the same namespaces after kill. */
  start(): Promise<void>;
  /** Ends dockerd with SIGTERM when it runs, and starts it again. */
  restart(): Promise<void>;
}

/** Starts a private engine; the name's running engine is returned when there is one, a dead one's leftovers go first. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  ensureRequirements();
  socketPathOf(options.name);
  for (;;) {
    const owner = identify(process.pid);
    if (owner === undefined) throw new Error("cannot read /proc/self/stat: the bed needs /proc");
    if (claim({ options, owner, ready: false })) return startClaimed(options, owner);
    const running = await existingEngine(options.name);
    if (running !== undefined) return running;
    await destroyEngine(options.name);
  }
}

/** An engine for a test: the one of DOCKER_HOST when that is set (no fault functions), else a private one. */
export async function acquireEngine(options: EngineOptions): Promise<EngineHandle> {
  const dockerHost = process.env["DOCKER_HOST"];
  if (dockerHost === undefined || dockerHost === "") return startEngine(options);
  const socketPath = dockerHost.replace(/^unix:\/\//, "");
  if (!socketPath.startsWith("/"))
    throw new Error(`DOCKER_HOST=${dockerHost} is not a unix socket: use unix:///path`);
  const docker = new Docker({ socketPath });
  await loadImages(docker);
  return { socketPath, dockerHost, docker, stop: () => Promise.resolve() };
}

/** Ends the engine of that name, whoever started it, and removes every trace of it. */
export async function destroyEngine(name: string): Promise<void> {
  await destroyCgroup(bedName(name));
  removeHostBridge(name);
  rmSync(engineDirectory(name), { recursive: true, force: true });
  removeSharedMountPoints();
}

/** Ends the engines whose starter died without stopping them (SIGKILL); those of the command line stay. */
export async function removeOrphanedEngines(): Promise<void> {
  for (const name of engineNames()) {
    const record = readRecord(name);
    if (record !== undefined && record.options.keep !== true && !isAlive(record.owner))
      await destroyEngine(name);
  }
}

/** The engines that have a folder here, with their record and whether they answer. */
export async function listEngines(): Promise<
  { name: string; answers: boolean; record: EngineRecord | undefined }[]
> {
  const rows = engineNames().map(async (name) => ({
    name,
    answers: await ping(socketPathOf(name)),
    record: readRecord(name),
  }));
  return Promise.all(rows);
}

async function startClaimed(options: EngineOptions, owner: ProcessIdentity): Promise<Engine> {
  try {
    if (options.nvidia !== undefined) installNvidia(engineDirectory(options.name), options.nvidia);
    if (options.network === "bridge") addHostBridge(options.name);
    const anchor = await startAnchor(options);
    writeRecord({ options, owner, anchor, ready: false });
    const daemon = await startDockerd(options, anchor);
    const engine = handleOf(options.name);
    if (options.images !== false) await loadImages(engine.docker);
    writeRecord({ options, owner, anchor, daemon, ready: true });
    return engine;
  } catch (error) {
    await destroyEngine(options.name);
    throw error;
  }
}

/** The engine that already has this name, once it is ready; nothing when what is there is dead or half-built. */
async function existingEngine(name: string): Promise<Engine | undefined> {
  const record = await waitFor(`whoever is starting engine ${name}`, () => {
    const found = readRecord(name);
    return found?.ready === true || !isAlive(found?.owner) ? { found } : undefined;
  });
  const { found } = record;
  if (found === undefined || !found.ready || !isAlive(found.anchor) || !isAlive(found.daemon))
    return undefined;
  if (found.options.keep !== true && !isAlive(found.owner)) return undefined;
  return (await ping(socketPathOf(name), 20_000)) ? handleOf(name) : undefined;
}

function handleOf(name: string): Engine {
  const directory = engineDirectory(name);
  const socketPath = socketPathOf(name);
  const record = (): EngineRecord & { anchor: ProcessIdentity } => {
    const found = readRecord(name);
    if (found?.anchor === undefined) throw new Error(`engine ${name} is gone`);
    return { ...found, anchor: found.anchor };
  };
  const engine: Engine = {
    name,
    directory,
    socketPath,
    dockerHost: `unix://${socketPath}`,
    docker: new Docker({ socketPath }),
    gpuState: join(directory, "gpu.json"),
    hookLog: join(directory, "hook.log"),
    binPath: join(directory, "bin"),
    get pid() {
      return record().daemon?.pid ?? 0;
    },
    get nsenterArgs() {
      return nsenterArguments(record().anchor);
    },
    async kill(signal) {
      const { daemon } = record();
      if (daemon !== undefined) await signalDockerd(name, daemon, signal);
    },
    async start() {
      const current = record();
      if (isAlive(current.daemon)) return;
      writeRecord({ ...current, daemon: await startDockerd(current.options, current.anchor) });
    },
    async restart() {
      await engine.kill("CONT");
      await engine.kill("TERM");
      await engine.start();
    },
    stop: () => destroyEngine(name),
  };
  return engine;
}
