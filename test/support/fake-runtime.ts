import { text } from "node:stream/consumers";
import type { ObservedContainer } from "../../src/core/observed.ts";
import { builderOf } from "../../src/core/build.ts";
import { saysRequirement } from "../../src/core/cuda-fit.ts";
import { engineError } from "../../src/adapters/docker/errors.ts";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import { unaskedEngine, type EngineDevices } from "../../src/core/schedule/injection.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type {
  BuildRequest,
  ContainerRuntime,
  EngineVolume,
  ImageInfo,
  ListedImage,
  ListedContainer,
  RuntimeHint,
  RuntimeUpdate,
} from "../../src/ports/container-runtime.ts";
import { StalledError } from "../../src/util/errors.ts";
import { containerOf, hostAddress, isAlive, statusText, withTag } from "./fake-container.ts";
import type { FakeContainer } from "./fake-container.ts";
import { FakeFaults, unreachable, untilGivenUp, waitFor } from "./fake-faults.ts";
import type { FakeCallName, FakeFault } from "./fake-faults.ts";
import { fakeBedImages, fakeImage, idOf, listFakeImages, namesGoneWith } from "./fake-images.ts";
import type { FakeImage } from "./fake-images.ts";
import { HintHub } from "./hint-hub.ts";

/** A call that came to the fake, also one that failed. */
export interface FakeCall {
  readonly call: FakeCallName;
  /** The name of the container where it has one, else what the caller gave. */
  readonly target: string;
  /** Changes containers or images when it succeeds. */
  readonly mutating: boolean;
}

interface Process {
  readonly container: FakeContainer;
  readonly image: FakeImage;
  readonly desired: DesiredContainer;
  /** Tells a callback whether the run it was meant for is still the current one. */
  run: number;
}

const mutatingCalls: ReadonlySet<FakeCallName> = new Set<FakeCallName>([
  "pull",
  "build",
  "removeImage",
  "tag",
  "create",
  "start",
  "pause",
  "unpause",
  "stop",
  "remove",
  "rename",
  "update",
]);

const realClock: Clock = {
  now: () => Date.now(),
  reading: () => null,
  callAt: (at, callback) => {
    const timer = setTimeout(callback, Math.max(0, at - Date.now()));
    return () => clearTimeout(timer);
  },
};

/**
 * A container engine in memory that answers as Docker does, with faults on request. The contract suite runs
 * against it and the real engine, so that it cannot drift. Time comes from the clock: a stubborn container ends
 * when the clock says that its grace is over.
 */
export class FakeRuntime implements ContainerRuntime {
  /** Every call so far. */
  readonly calls: FakeCall[] = [];
  /** Images the engine has, by reference. */
  readonly imagesHere = new Map<string, FakeImage>();
  /** Images that pull finds. */
  readonly registry = new Map<string, FakeImage>();
  /** Volumes by name, as they were first mounted. */
  readonly volumes = new Map<string, EngineVolume>();
  /** Folders that no bind mount may name, since they do not exist. */
  readonly missingPaths = new Set<string>();
  /** Device ids that the GPU hook knows; null: it knows every one. */
  knownDevices: ReadonlySet<string> | null = null;
  /** What the engine says about passing devices in. */
  offers: EngineDevices = {
    ...unaskedEngine,
    version: "20.10.24",
    runtimes: ["nvidia", "runc"],
    cannotLimit: [],
  };
  /** True: events are lost, as when the stream is cut unnoticed. */
  losesEvents = false;
  /** The engine writes down what it was given another way, as with a path that it cleans. */
  rewrite: (desired: DesiredContainer) => DesiredContainer = (desired) => desired;
  readonly #clock: Clock;
  readonly #processes = new Map<string, Process>();
  readonly #faults: FakeFaults;
  readonly #hub = new HintHub();
  #created = 0;
  #isDown = false;

  constructor(options: { readonly clock?: Clock; readonly images?: readonly FakeImage[] } = {}) {
    this.#clock = options.clock ?? realClock;
    this.#faults = new FakeFaults(this.#clock);
    for (const image of options.images ?? fakeBedImages()) this.imagesHere.set(image.reference, image);
  }

  // What tests look at and do by hand

  /** Every container, running or not. */
  get containers(): readonly FakeContainer[] {
    return [...this.#processes.values()].map(({ container }) => container);
  }

  /** The container of that name or id; throws when there is none. */
  container(idOrName: string): FakeContainer {
    return this.#process(idOrName, "find").container;
  }

  /** Calls that change something, in order, as `create train._.alice`. */
  get mutations(): readonly string[] {
    return this.calls.filter(({ mutating }) => mutating).map(({ call, target }) => `${call} ${target}`);
  }

  /** How many calls of that name there were. */
  count(call: FakeCallName): number {
    return this.calls.filter((made) => made.call === call).length;
  }

  clearCalls(): void {
    this.calls.length = 0;
  }

  get watchers(): number {
    return this.#hub.watchers;
  }

  /** Adds a fault and returns what takes it away. */
  inject(fault: FakeFault): () => void {
    return this.#faults.inject(fault);
  }

  /** The engine goes away: every call is UnreachableError; containers go on. */
  goDown(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#publish({ type: "disconnected", id: "", action: "", labels: {} });
  }

  /** And comes back. */
  comeUp(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#publish({ type: "connected", id: "", action: "", labels: {} });
  }

  /** As a restart of dockerd without live restore: whatever runs has ended. */
  restartEngine(): void {
    this.goDown();
    for (const process of this.#processes.values()) {
      const { container, image } = process;
      if (isAlive(container.state)) this.#end(process, image.ignoresTerm ? 137 : 0);
    }
    this.comeUp();
  }

  /** `docker run -d` by somebody else. */
  run(container: DesiredContainer): string {
    const id = this.#create(container);
    this.#start(this.#process(id, "start"));
    return id;
  }

  /** `docker kill`, or the process ending by itself with another code. */
  kill(idOrName: string, exitCode = 137): void {
    this.#end(this.#process(idOrName, "kill"), exitCode);
  }

  /** The kernel kills it for its memory. */
  killForMemory(idOrName: string): void {
    const process = this.#process(idOrName, "kill");
    this.#hint(process.container, "oom");
    this.#end(process, 137);
    process.container.oomKilled = true;
  }

  /** Its shim is killed: Docker says exited while the processes live on, until `lingering` is set to false. */
  killShim(idOrName: string): void {
    const process = this.#process(idOrName, "kill");
    this.#end(process, 137);
    process.container.lingering = true;
  }

  /** `docker stop` by hand. */
  stopByHand(idOrName: string): void {
    const process = this.#process(idOrName, "stop");
    this.#end(process, process.image.ignoresTerm ? 137 : 0);
    this.#hint(process.container, "stop");
  }

  /** `docker rm -f` by hand. */
  removeByHand(idOrName: string): void {
    const process = this.#process(idOrName, "remove");
    if (isAlive(process.container.state)) this.#end(process, 137);
    this.#remove(process);
  }

  pauseByHand(idOrName: string): void {
    const { container } = this.#process(idOrName, "pause");
    if (container.state !== "running")
      throw refusal(409, `Container ${container.id} is not running`, "pause");
    container.state = "paused";
    this.#hint(container, "pause");
  }

  unpauseByHand(idOrName: string): void {
    const { container } = this.#process(idOrName, "unpause");
    if (container.state !== "paused") {
      throw refusal(409, `Container ${container.id} is not running`, `unpause ${idOrName}`);
    }
    container.state = "running";
    this.#hint(container, "unpause");
  }

  /** `docker start` by hand. */
  startByHand(idOrName: string): void {
    this.#start(this.#process(idOrName, "start"));
  }

  renameByHand(idOrName: string, name: string): void {
    this.#rename(this.#process(idOrName, "rename"), name, `rename ${idOrName}`);
  }

  updateByHand(idOrName: string, change: Partial<ObservedContainer["config"]>): void {
    const { container } = this.#process(idOrName, "update");
    container.config = { ...container.config, ...change };
    this.#hint(container, "update");
  }

  /** What the image's health check says now. */
  setHealth(idOrName: string, health: NonNullable<ObservedContainer["health"]>): void {
    const { container } = this.#process(idOrName, "update");
    container.health = health;
    this.#hint(container, `health_status: ${health}`);
  }

  // ContainerRuntime

  ping(signal?: AbortSignal): Promise<void> {
    return this.#answer("ping", "", signal, () => undefined);
  }

  list(signal?: AbortSignal): Promise<readonly ListedContainer[]> {
    return this.#answer("list", "", signal, () =>
      [...this.#processes.values()].map(({ container }) => ({
        id: container.id,
        name: container.name,
        state: container.state,
        statusText: statusText(container),
        labels: container.labels,
      })),
    );
  }

  inspect(idOrName: string, signal?: AbortSignal): Promise<ObservedContainer | undefined> {
    return this.#answer("inspect", idOrName, signal, () => {
      const process = this.#find(idOrName);
      return process === undefined ? undefined : { ...process.container };
    });
  }

  watch(signal: AbortSignal): AsyncIterable<RuntimeHint> {
    const type = this.#isDown ? "disconnected" : "connected";
    return this.#hub.watch([{ type, id: "", action: "", labels: {} }], signal);
  }

  devices(signal?: AbortSignal): Promise<EngineDevices> {
    return this.#answer("devices", "", signal, () => this.offers);
  }

  image(reference: string, signal?: AbortSignal): Promise<ImageInfo | undefined> {
    return this.#answer("image", reference, signal, () => {
      const image = this.#image(reference);
      if (image === undefined) return undefined;
      const said = Object.entries(image.environment).filter(([name]) => saysRequirement(name));
      const builtFor = builderOf(image.labels);
      return {
        id: image.id,
        reference,
        requirements: Object.fromEntries(said),
        ...(builtFor === null ? {} : { builtFor }),
        onBuild: image.onBuild,
      };
    });
  }

  images(signal?: AbortSignal, options?: { readonly withShared?: boolean }): Promise<readonly ListedImage[]> {
    const withShared = options?.withShared === true;
    return this.#answer("images", "", signal, () => listFakeImages(this.imagesHere, withShared));
  }

  tag(image: string, as: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("tag", image, signal, () => {
      const found = this.#image(image);
      if (found === undefined) throw refusal(404, `No such image: ${image}`, `tag ${image} as ${as}`);
      this.imagesHere.set(withTag(as), found);
      this.#publish({ type: "image", id: as, action: "tag", labels: {} });
    });
  }

  build(request: BuildRequest): Promise<string> {
    return this.#answer("build", "", request.signal, async () => {
      const content = await text(request.tar);
      request.onOutput(`Step 1/1 : ${content}\n`);
      if (content.includes("hangs")) {
        await new Promise((_resolve, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason as Error));
        });
      }
      if (content.includes("fails")) {
        throw new StalledError({ reason: "BuildFailed", message: "cannot build the image: it fails" });
      }
      const image = fakeImage(content, { labels: request.labels });
      this.imagesHere.set(image.id, image);
      return image.id;
    });
  }

  removeImage(idOrReference: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("removeImage", idOrReference, signal, () => {
      const image = this.#image(idOrReference);
      if (image === undefined) return;
      const gone = namesGoneWith(idOrReference, image, this.imagesHere);
      const isUsed = [...this.#processes.values()].some((process) => process.image.id === image.id);
      if (gone.includes(image.id) && isUsed) {
        throw refusal(409, "conflict: a container is using it", `remove image ${idOrReference}`);
      }
      for (const name of gone) this.imagesHere.delete(name);
      this.#publish({ type: "image", id: idOrReference, action: "untag", labels: {} });
    });
  }

  pull(reference: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("pull", reference, signal, () => {
      const what = `pull ${reference}`;
      const image = this.registry.get(reference) ?? this.registry.get(withTag(reference));
      if (image === undefined)
        throw refusal(404, `manifest for ${reference} not found: manifest unknown`, what);
      this.imagesHere.set(withTag(reference), image);
      this.#publish({ type: "image", id: reference, action: "pull", labels: {} });
    });
  }

  volume(name: string, signal?: AbortSignal): Promise<EngineVolume | undefined> {
    return this.#answer("volume", name, signal, () => this.volumes.get(name));
  }

  create(container: DesiredContainer, signal?: AbortSignal): Promise<string> {
    return this.#answer("create", container.name, signal, () => this.#create(container));
  }

  start(idOrName: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("start", idOrName, signal, () => this.#start(this.#process(idOrName, "start")));
  }

  pause(idOrName: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("pause", idOrName, signal, () => {
      if (this.#process(idOrName, "pause").container.state !== "paused") this.pauseByHand(idOrName);
    });
  }

  unpause(idOrName: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("unpause", idOrName, signal, () => {
      if (this.#process(idOrName, "unpause").container.state === "paused") this.unpauseByHand(idOrName);
    });
  }

  stop(idOrName: string, graceMs: number, signal?: AbortSignal): Promise<void> {
    return this.#answer("stop", idOrName, signal, async () => {
      const process = this.#find(idOrName);
      if (process === undefined || !isAlive(process.container.state)) return;
      if (!process.image.ignoresTerm) return this.#endByStop(process, 0);
      const { run } = process;
      // It ends although nobody waits for it any more.
      const over = waitFor(this.#clock, graceMs, undefined).then(() => {
        // Somebody else may have ended, removed or started it again meanwhile.
        if (process.run === run && isAlive(process.container.state)) this.#endByStop(process, 137);
      });
      await untilGivenUp(over, signal);
    });
  }

  remove(idOrName: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("remove", idOrName, signal, () => {
      const process = this.#find(idOrName);
      if (process === undefined) return;
      const { id, state } = process.container;
      if (isAlive(state)) {
        throw refusal(
          409,
          `You cannot remove a ${state} container ${id}. Stop the container first`,
          `remove ${idOrName}`,
        );
      }
      this.#remove(process);
    });
  }

  rename(idOrName: string, name: string, signal?: AbortSignal): Promise<void> {
    return this.#answer("rename", idOrName, signal, () => {
      this.#rename(this.#process(idOrName, "rename"), name, `rename ${idOrName} to ${name}`);
    });
  }

  update(idOrName: string, change: RuntimeUpdate, signal?: AbortSignal): Promise<void> {
    return this.#answer("update", idOrName, signal, () => {
      const { container } = this.#process(idOrName, "update");
      const { cpus, memoryBytes, memorySwapBytes, pidsLimit, ioWeight } = change.limits ?? {
        cpus: null,
        memoryBytes: null,
        pidsLimit: null,
      };
      container.config = {
        ...container.config,
        ...(cpus === null ? {} : { cpus }),
        ...(memoryBytes === null
          ? {}
          : { memoryBytes, memorySwapBytes: memorySwapBytes === undefined ? memoryBytes : memorySwapBytes }),
        ...(pidsLimit === null ? {} : { pidsLimit }),
        ...(ioWeight == null ? {} : { ioWeight }),
        ...(change.restartPolicyNo ? { restartPolicy: "no" } : {}),
      };
      this.#hint(container, "update");
    });
  }

  // How the engine works

  #create(desired: DesiredContainer): string {
    const what = `create ${desired.name}`;
    const image = this.#image(desired.image);
    if (image === undefined) throw refusal(404, `No such image: ${desired.image}`, what);
    for (const mount of desired.mounts) {
      if (mount.type !== "bind" || !this.missingPaths.has(mount.source)) continue;
      throw refusal(400, `invalid mount config: bind source path does not exist: ${mount.source}`, what);
    }
    this.#freeName(desired.name, what);
    for (const { name, labels } of desired.volumes) {
      if (!this.volumes.has(name)) this.volumes.set(name, { labels });
    }
    this.#created += 1;
    const id = idOf(`container ${this.#created}`);
    const container = containerOf(this.rewrite(desired), image, id, this.#clock.now());
    this.#processes.set(container.id, { container, image, desired, run: 0 });
    this.#hint(container, "create");
    return container.id;
  }

  #start(process: Process): void {
    const { container, image, desired } = process;
    const what = `start ${container.name}`;
    if (container.state === "running") return;
    if (container.state === "paused")
      throw refusal(409, "cannot start a paused container, try unpause instead", what);
    this.#refuseStart(process, what);
    process.run += 1;
    Object.assign(container, {
      state: "running",
      startedAt: this.#clock.now(),
      // Docker keeps when it ended last.
      exitCode: null,
      error: "",
      oomKilled: false,
      lingering: false,
      health: image.hasHealthCheck ? "starting" : null,
      pid: 10_000 + this.#created * 10 + process.run,
    } satisfies Partial<ObservedContainer>);
    this.#hint(container, "start");
    if (image.ends === null) return;
    const { run } = process;
    const exitCode = Number(desired.environment["CRASH_CODE"] ?? image.ends.exitCode);
    const afterMs = Number(desired.environment["CRASH_AFTER"] ?? image.ends.afterMs / 1000) * 1000;
    this.#clock.callAt(this.#clock.now() + afterMs, () => {
      if (process.run === run && isAlive(container.state)) this.#end(process, exitCode);
    });
  }

  #refuseStart(process: Process, what: string): void {
    const { container, desired } = process;
    const text = this.#portProblem(process) ?? this.#deviceProblem(desired);
    if (text === undefined) return;
    container.error = text;
    if (container.state === "exited") container.exitCode = 128;
    throw refusal(500, text, what);
  }

  #portProblem(process: Process): string | undefined {
    const others = [...this.#processes.values()].filter(
      (other) => other !== process && isAlive(other.container.state),
    );
    const taken = new Set(others.flatMap(({ desired }) => desired.ports).flatMap(hostAddress));
    const clash = process.desired.ports.flatMap(hostAddress).find((address) => taken.has(address));
    return clash === undefined
      ? undefined
      : `Bind for ${clash.split("/")[0]} failed: port is already allocated`;
  }

  #deviceProblem(desired: DesiredContainer): string | undefined {
    const { knownDevices } = this;
    if (knownDevices === null) return undefined;
    const unknown = desired.attachment.deviceRequests
      .flatMap((request) => request.deviceIds)
      .find((id) => !knownDevices.has(id));
    return unknown === undefined
      ? undefined
      : `nvidia-container-cli: device error: ${unknown}: unknown device: unknown`;
  }

  #end(process: Process, exitCode: number): void {
    const { container } = process;
    if (!isAlive(container.state))
      throw refusal(409, `Container ${container.id} is not running`, `kill ${container.name}`);
    Object.assign(container, {
      state: "exited",
      exitCode,
      finishedAt: this.#clock.now(),
      pid: null,
      health: container.health === null ? null : "unhealthy",
    } satisfies Partial<ObservedContainer>);
    this.#hint(container, "die");
  }

  #endByStop(process: Process, exitCode: number): void {
    this.#end(process, exitCode);
    this.#hint(process.container, "stop");
  }

  #remove(process: Process): void {
    this.#processes.delete(process.container.id);
    process.run += 1;
    this.#hint(process.container, "destroy");
  }

  #rename(process: Process, name: string, what: string): void {
    if (process.container.name === name) return;
    this.#freeName(name, what);
    process.container.name = name;
    this.#hint(process.container, "rename");
  }

  #freeName(name: string, what: string): void {
    const holder = [...this.#processes.values()].find(({ container }) => container.name === name);
    if (holder === undefined) return;
    const { id } = holder.container;
    throw refusal(
      409,
      `Conflict. The container name "/${name}" is already in use by container "${id}".`,
      what,
    );
  }

  #find(idOrName: string): Process | undefined {
    return (
      this.#processes.get(idOrName) ??
      [...this.#processes.values()].find(({ container }) => container.name === idOrName)
    );
  }

  #process(idOrName: string, what: string): Process {
    const process = this.#find(idOrName);
    if (process !== undefined) return process;
    throw refusal(404, `No such container: ${idOrName}`, `${what} ${idOrName}`);
  }

  #image(reference: string): FakeImage | undefined {
    const byId = [...this.imagesHere.values()].find(({ id }) => id === reference);
    return byId ?? this.imagesHere.get(withTag(reference));
  }

  #hint(container: FakeContainer, action: string): void {
    this.#publish({ type: "container", id: container.id, action, labels: container.labels });
  }

  #publish(hint: RuntimeHint): void {
    const isConnection = hint.type === "connected" || hint.type === "disconnected";
    if (isConnection || (!this.losesEvents && !this.#isDown)) this.#hub.publish(hint);
  }

  async #answer<Result>(
    call: FakeCallName,
    idOrName: string,
    signal: AbortSignal | undefined,
    act: () => Result | Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const target = this.#find(idOrName)?.container.name ?? idOrName;
    this.calls.push({ call, target, mutating: mutatingCalls.has(call) });
    // An answer never comes in the same turn.
    await Promise.resolve();
    signal?.throwIfAborted();
    if (this.#isDown) throw unreachable(`${call} ${target}`);
    return this.#faults.around(call, target, signal, act);
  }
}

/** The engine's answer, made an error where the adapter makes it one, so that reasons agree. */
function refusal(statusCode: number, message: string, what: string): Error {
  return engineError(Object.assign(new Error(message), { statusCode, json: { message } }), what);
}
