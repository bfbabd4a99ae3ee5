import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { ContainerInspectInfo } from "dockerode";
import type { ContainerSpecSpec, ContainerStatus, Phase } from "../../src/api/container.ts";
import type { EventObject } from "../../src/api/event.ts";
import type { GpuSpec, GpuStatus } from "../../src/api/gpu.ts";
import type { ApiObject, Condition } from "../../src/api/meta.ts";
import { kindByWord } from "../../src/api/names.ts";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import { NotFoundError } from "../../src/util/errors.ts";
import { startDockerProxy } from "../bed/docker-proxy.ts";
import type { DockerProxy } from "../bed/docker-proxy.ts";
import { startEngine } from "../bed/engine.ts";
import type { Engine, EngineNetwork } from "../bed/engine.ts";
import { type SmiFault, updateGpuState } from "../bed/nvidia/state.ts";
import { usualPatienceMs, waitFor } from "../bed/wait-for.ts";
import { builtProgram } from "./built-program.ts";
import { CommandProcess } from "./command-process.ts";
import { ControllerProcess } from "./controller-process.ts";

export interface HostOptions {
  /** Names the engine, together with this process: two runs beside one another share nothing. */
  readonly name: string;
  /** Variables for controllers alone. */
  readonly controllerEnvironment?: NodeJS.ProcessEnv;
  /** Makes the main file for controllers of the one that is built; it is the same unless told. */
  readonly controllerProgram?: (main: string) => string;
  /** GPUs of the simulated NVIDIA stack, as in the bed; none unless told. */
  readonly nvidia?: string;
  /** How nvidia-smi fails from before the controller starts. */
  readonly nvidiaFault?: SmiFault;
  /** Whether containers survive a restart of the engine; not unless told. */
  readonly liveRestore?: boolean;
  readonly dockerdArguments?: readonly string[];
  /** Puts what the engine keeps on a file system of this size (as `64m`). */
  readonly tmpfsSize?: string;
  /** Where the engine's network is; a namespace of its own unless told. */
  readonly network?: EngineNetwork;
  /** Files that are there before the controller starts, by path below the specs root. */
  readonly files?: Readonly<Record<string, string>>;
  /** Lines for the configuration file; `trust: path` unless told, because most users do not exist here. */
  readonly configuration?: string;
  /** Folder of programs that the controller finds before those of the system. */
  readonly path?: string;
  /** `--gpus`; nvidia when the engine has GPUs, else none. */
  readonly gpus?: string;
}

/** How a command ended and what it wrote. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container as the API answers it. */
export interface ContainerObject extends ApiObject {
  readonly spec: ContainerSpecSpec;
  readonly status: ContainerStatus;
}

/** A GPU as the API answers it. */
export interface GpuObject extends ApiObject {
  readonly spec: GpuSpec;
  readonly status: GpuStatus;
}

/** A machine with ds01 on it: an engine, a controller process, a specs directory, and a command line. */
export class Host {
  readonly engine: Engine;
  /** Between the controller and the engine; tests talk to the engine directly and are not counted. */
  readonly proxy: DockerProxy;
  readonly directory: string;
  readonly main: string;
  readonly client: Client;
  /** A command that becomes the controller, such as `nice -n 5`; none unless told. */
  launcher: readonly string[] = [];
  readonly #options: HostOptions;
  #controller: ControllerProcess | undefined;

  constructor(parts: { engine: Engine; proxy: DockerProxy; directory: string; options: HostOptions }) {
    this.engine = parts.engine;
    this.proxy = parts.proxy;
    this.directory = parts.directory;
    this.#options = parts.options;
    this.main = builtProgram();
    this.client = createClient(this.socketPath);
  }

  get specs(): string {
    return join(this.directory, "specs");
  }

  get stateDir(): string {
    return join(this.directory, "state");
  }

  get logDir(): string {
    return join(this.directory, "log");
  }

  get socketPath(): string {
    return join(this.directory, "run/ds01.sock");
  }

  /** The controller that runs now. */
  get controller(): ControllerProcess {
    if (this.#controller === undefined) throw new Error("no controller was started");
    return this.#controller;
  }

  /** Flags that a controller of this host is started with. */
  flags(): string[] {
    const gpus = this.#options.gpus ?? (this.#options.nvidia === undefined ? "none" : "nvidia");
    return [
      "--config",
      this.#configPath,
      // Sources stand in the place of the specs directory.
      ...(/^sources:/m.test(readFileSync(this.#configPath, "utf8")) ? [] : ["--specs", this.specs]),
      "--state-dir",
      this.stateDir,
      "--run-dir",
      dirname(this.socketPath),
      "--log-dir",
      this.logDir,
      "--docker-host",
      `unix://${this.proxy.socketPath}`,
      "--gpus",
      gpus,
    ];
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: [this.#options.path ?? [], this.engine.binPath, process.env["PATH"] ?? ""].flat().join(":"),
      DS01_SOCKET: this.socketPath,
      DS01_NAMESPACE: "alice",
      DOCKER_HOST: undefined,
      NO_COLOR: "1",
    };
  }

  /** Writes the configuration file that the next controller reads. */
  configure(text: string): void {
    writeFileSync(this.#configPath, text);
  }

  get #configPath(): string {
    return join(this.directory, "config.yaml");
  }

  /** Starts a controller and waits until it is ready. */
  async startController(timeoutMs?: number): Promise<ControllerProcess> {
    const controller = this.spawnController();
    await controller.ready(timeoutMs);
    return controller;
  }

  /** Starts a controller that nobody waits for, to be killed at any moment. */
  spawnController(): ControllerProcess {
    const environment = { ...this.environment, ...this.#options.controllerEnvironment };
    const main = this.#options.controllerProgram?.(this.main) ?? this.main;
    this.#controller = new ControllerProcess(main, this.flags(), environment, this.launcher);
    return this.#controller;
  }

  /** Kills the controller as a crash would, forgets the Docker calls so far, and starts another. */
  async restartController(between: () => void = () => undefined): Promise<void> {
    await this.controller.end("SIGKILL");
    between();
    this.proxy.clear();
    await this.startController();
  }

  /** Writes a spec file by rename, as people should. */
  drop(path: string, text: string): string {
    const target = join(this.specs, path);
    const draft = join(dirname(target), `.${basename(target)}.draft`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(draft, text);
    renameSync(draft, target);
    return target;
  }

  /** Removes a spec file. */
  removeFile(path: string): void {
    rmSync(join(this.specs, path));
  }

  /** The text of a spec file now. */
  read(path: string): string {
    return readFileSync(join(this.specs, path), "utf8");
  }

  /** Runs `ds01` as a process of its own. */
  async ds01(...line: string[]): Promise<CommandResult> {
    return this.ds01With({}, ...line);
  }

  /** The same with standard input or other variables. */
  async ds01With(
    given: { readonly stdin?: string; readonly environment?: NodeJS.ProcessEnv },
    ...line: string[]
  ): Promise<CommandResult> {
    return new Promise((resolve) => {
      const env = { ...this.environment, ...given.environment };
      // Lists of hundreds of objects are longer than what Node takes unless told.
      const options = { env, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile(process.execPath, [this.main, ...line], options, (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        });
      });
      child.stdin?.end(given.stdin ?? "");
    });
  }

  /** Starts a `ds01` that goes on; end it with `end`. */
  follow(...line: string[]): CommandProcess {
    return new CommandProcess(this.main, line, this.environment);
  }

  /** Runs another controller with this host's directories until it ends by itself. */
  async controllerOnce(
    ...line: string[]
  ): Promise<{ readonly code: number | string; readonly stderr: string }> {
    const controller = new ControllerProcess(this.main, [...this.flags(), ...line], this.environment);
    const code = await controller.exit();
    return { code, stderr: controller.stderr };
  }

  /** The container object, or undefined when there is none. */
  async container(key: string): Promise<ContainerObject | undefined> {
    const [namespace = "", name = ""] = key.split("/");
    try {
      return (await this.client.get(kindOf("container"), { namespace, name })) as ContainerObject;
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  /** Keys of all container objects. */
  async containers(): Promise<readonly string[]> {
    const { items } = await this.client.list(kindOf("container"), {});
    return items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }

  /** Waits until the object's status is as `condition` wants it. */
  async waitForObject(
    key: string,
    what: string,
    condition: (object: ContainerObject) => boolean,
    timeoutMs = usualPatienceMs,
  ): Promise<ContainerObject> {
    let last: ContainerObject | undefined;
    const probe = async (): Promise<ContainerObject | false> => {
      last = await this.container(key);
      return last !== undefined && condition(last) && last;
    };
    try {
      return await waitFor(`${key} ${what}`, probe, { timeoutMs, intervalMs: 30 });
    } catch (error) {
      const status = JSON.stringify(last?.status, null, 1);
      const crash = this.#crash() ?? "";
      const message = `${key} did not come to be ${what} in ${timeoutMs} ms: ${status}${crash}`;
      throw new Error(message, { cause: error });
    }
  }

  /** Waits until the phase shows, computed from the spec as it is now. */
  async waitForPhase(key: string, phase: Phase, timeoutMs?: number): Promise<ContainerObject> {
    const isThere = ({ metadata, status }: ContainerObject): boolean =>
      status.phase === phase && status.observedGeneration === metadata.generation;
    return this.waitForObject(key, phase, isThere, timeoutMs);
  }

  /** Waits until the object runs and is Ready. */
  async waitForReady(key: string, timeoutMs?: number): Promise<ContainerObject> {
    const isReady = (object: ContainerObject): boolean =>
      object.status.phase === "Running" &&
      object.status.observedGeneration === object.metadata.generation &&
      conditionOf(object, "Ready")?.status === "True";
    return this.waitForObject(key, "Ready", isReady, timeoutMs);
  }

  /** Waits until the object waits for that reason, computed from the spec as it is now; others may come before. */
  async waitForPending(key: string, reason: string): Promise<ContainerObject> {
    const isPending = ({ metadata, status }: ContainerObject): boolean =>
      status.phase === "Pending" &&
      status.reason === reason &&
      status.observedGeneration === metadata.generation;
    return this.waitForObject(key, `Pending with ${reason}`, isPending);
  }

  /** Waits until the object is Ready in another container than this one, which has its name by then. */
  async waitForAnother(key: string, id: string | undefined, timeoutMs?: number): Promise<ContainerObject> {
    const isAnother = (object: ContainerObject): boolean =>
      object.status.phase === "Running" &&
      object.status.container?.id !== id &&
      conditionOf(object, "Ready")?.status === "True";
    return this.waitForObject(key, `Ready in another container than ${id}`, isAnother, timeoutMs);
  }

  /** Writes another text for a quota and waits until it counts: files are taken in each on its own. */
  async grant(name: string, text: string): Promise<void> {
    const generation = async (): Promise<number> => {
      const { items } = await this.client.list(kindOf("quota"), {});
      return items.find(({ metadata }) => metadata.name === name)?.metadata.generation ?? 0;
    };
    const before = await generation();
    this.drop(`quotas/${name}.yaml`, text);
    await waitFor(`quota ${name} to be in effect`, async () => (await generation()) > before);
  }

  /** Deletes the object through the API, which passes the prune guard. */
  async delete(key: string): Promise<void> {
    const [namespace = "", name = ""] = key.split("/");
    await this.client.delete(kindOf("container"), { namespace, name });
  }

  /** Deletes the objects and waits until nothing is left of them. */
  async remove(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.delete(key);
    await this.waitUntilGone(keys);
  }

  /** Waits until the objects and their containers are gone. */
  async waitUntilGone(keys: string | readonly string[], timeoutMs = usualPatienceMs): Promise<void> {
    const left = async (): Promise<string> => {
      const objects = await this.containers();
      const filters = { label: ["ds01.managed=true"] };
      const containers = await this.engine.docker.listContainers({ all: true, filters });
      const owned = containers.map(({ Labels }) => `${Labels["ds01.user"]}/${Labels["ds01.name"]}`);
      return [...objects, ...owned].filter((key) => [keys].flat().includes(key)).join();
    };
    await waitFor(`${String(keys)} to be gone`, async () => (await left()) === "", {
      timeoutMs,
      intervalMs: 50,
    });
  }

  /** `docker inspect` of the container that stands for the object. */
  async dockerInspect(key: string): Promise<ContainerInspectInfo> {
    return this.engine.docker.getContainer(dockerName(key)).inspect();
  }

  /** Ids of all containers of the object, running or not. */
  async containersOf(key: string): Promise<readonly string[]> {
    const [namespace, name] = key.split("/");
    const filters = { label: [`ds01.user=${namespace}`, `ds01.name=${name}`] };
    const found = await this.engine.docker.listContainers({ all: true, filters });
    return found.map(({ Id }) => Id);
  }

  /** Runs a command in the object's container, past ds01. */
  async dockerExec(key: string, ...command: string[]): Promise<{ exitCode: number; output: string }> {
    const container = this.engine.docker.getContainer(dockerName(key));
    const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    let output = "";
    for await (const chunk of stream) output += String(chunk);
    const { ExitCode } = await exec.inspect();
    return { exitCode: ExitCode ?? -1, output: output.replaceAll("\r\n", "\n") };
  }

  /** The GPUs as the API shows them, by slot. */
  async gpus(): Promise<ReadonlyMap<string, GpuObject>> {
    const { items } = await this.client.list(kindOf("gpu"), {});
    return new Map(items.map((item) => [item.metadata.name, item as GpuObject]));
  }

  /** Waits until the GPU is shown as `condition` wants it: what containers say comes first, and their GPUs follow. */
  async waitForGpu(slot: string, what: string, condition: (gpu: GpuObject) => boolean): Promise<GpuObject> {
    let last: GpuObject | undefined;
    const probe = async (): Promise<GpuObject | false> => {
      last = (await this.gpus()).get(slot);
      return last !== undefined && condition(last) && last;
    };
    return waitFor(`GPU ${slot} to be ${what}`, probe, { intervalMs: 30 }).catch((error: unknown) => {
      throw new Error(`GPU ${slot} did not come to be ${what}: ${JSON.stringify(last)}`, { cause: error });
    });
  }

  /** Events about the object, oldest first. */
  async events(key: string): Promise<readonly EventObject[]> {
    const [namespace = "", name = ""] = key.split("/");
    const { items } = await this.client.list(kindOf("event"), { namespace });
    const events = items as unknown as EventObject[];
    return events
      .filter(({ involvedObject }) => involvedObject.name === name)
      .toSorted((a, b) => (a.lastTimestamp < b.lastTimestamp ? -1 : 1));
  }

  /** Waits until an event of that reason was told about the object. */
  async waitForEvent(key: string, reason: string, timeoutMs = usualPatienceMs): Promise<EventObject> {
    return waitFor(
      `${reason} of ${key}`,
      async () => (await this.events(key)).find((event) => event.reason === reason),
      { timeoutMs, intervalMs: 50 },
    );
  }

  /** What the controller said last when it ended without being told to; undefined when it did not. */
  #crash(): string | undefined {
    const controller = this.#controller;
    if (controller === undefined || controller.isRunning || controller.child.killed) return undefined;
    return `\nthe controller has ended (${controller.child.exitCode ?? controller.child.signalCode}): ${controller.stderr.slice(-3000)}`;
  }

  /** Ends the controller and the engine and removes every file; a controller that ended by itself is a failure. */
  async stop(): Promise<void> {
    const crash = this.#crash();
    await this.#controller?.end("SIGKILL");
    await this.proxy.stop();
    await this.engine.stop();
    rmSync(this.directory, { recursive: true, force: true });
    if (crash !== undefined) throw new Error(crash);
  }
}

/** Starts an engine, drops the files and starts a controller. */
export async function startHost(options: HostOptions): Promise<Host> {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "ds01-e2e-"));
  const nvidia = options.nvidia === undefined ? {} : { nvidia: options.nvidia };
  const { liveRestore = false, dockerdArguments = [] } = options;
  const network = options.network === undefined ? {} : { network: options.network };
  const engine = await startEngine({
    name: `e2e-${options.name}-${process.pid}`,
    ...nvidia,
    ...network,
    liveRestore,
    dockerdArguments,
    ...(options.tmpfsSize === undefined ? {} : { tmpfsSize: options.tmpfsSize }),
  });
  const { nvidiaFault } = options;
  if (nvidiaFault !== undefined) updateGpuState(engine.gpuState, (state) => void (state.fault = nvidiaFault));
  const proxy = await startDockerProxy(engine.socketPath);
  const host = new Host({ engine, proxy, directory, options });
  mkdirSync(join(host.specs, "users"), { recursive: true });
  mkdirSync(join(host.specs, "quotas"), { recursive: true });
  writeFileSync(join(directory, "config.yaml"), options.configuration ?? "trust: path\n");
  for (const [path, text] of Object.entries(options.files ?? {})) host.drop(path, text);
  await host.startController();
  return host;
}

/** The Docker name of an object's container. */
export function dockerName(key: string): string {
  const [namespace, name] = key.split("/");
  return `${name}._.${namespace}`;
}

/** A condition of an object. */
export function conditionOf(object: ContainerObject, type: string): Condition | undefined {
  return object.status.conditions.find((condition) => condition.type === type);
}

/** UUIDs that a container's device request names. */
export function requestedDevices(inspected: ContainerInspectInfo): readonly string[] {
  return (inspected.HostConfig.DeviceRequests ?? []).flatMap(({ DeviceIDs }) => DeviceIDs ?? []);
}

function kindOf(word: string): NonNullable<ReturnType<typeof kindByWord>> {
  const kind = kindByWord(word);
  if (kind === undefined) throw new Error(`no kind is called ${word}`);
  return kind;
}
