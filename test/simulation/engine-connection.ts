import type {
  BuildRequest,
  ContainerRuntime,
  EngineVolume,
  ImageInfo,
  ListedContainer,
  ListedImage,
  RuntimeHint,
  RuntimeUpdate,
} from "../../src/ports/container-runtime.ts";
import type { ObservedContainer } from "../../src/core/observed.ts";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import type { EngineDevices } from "../../src/core/schedule/injection.ts";
import { Ds01Error, messageOf, UnreachableError } from "../../src/util/errors.ts";
import type { FakeCallName } from "../support/fake-faults.ts";
import type { FakeRuntime } from "../support/fake-runtime.ts";
import { HintHub } from "../support/hint-hub.ts";
import type { EngineFault, EngineWeather } from "./engine-weather.ts";
import type { TaskOwner, TaskScheduler } from "./task-scheduler.ts";

/** How long the client waits before it gives a call up, in milliseconds, as in the Docker adapter. */
const deadlines: Partial<Record<FakeCallName, number>> = {
  ping: 5000,
  list: 15_000,
  inspect: 15_000,
  image: 15_000,
  images: 15_000,
  devices: 15_000,
  volume: 15_000,
  start: 120_000,
};
const changeMs = 60_000;

/** A call that a controller makes, as the one who watches over it is told; the same object each time. */
export interface EngineCall {
  readonly call: FakeCallName;
  readonly target: string;
}

export interface EngineConnectionOptions {
  readonly engine: FakeRuntime;
  readonly weather: EngineWeather;
  readonly owner: TaskOwner;
  readonly scheduler: TaskScheduler;
  readonly signal: AbortSignal;
  /** When the call leaves the controller, when it reaches the engine, and when it has taken effect. */
  readonly onCall: (call: EngineCall) => void;
  readonly onArrival: (call: EngineCall) => void;
  readonly onEffect: (call: EngineCall) => void;
}

/** The engine as one controller reaches it: calls and answers take their time, get lost, or come late. */
export class EngineConnection implements ContainerRuntime {
  readonly #options: EngineConnectionOptions;
  readonly #hub = new HintHub();
  /** What was said last of the connection itself. */
  #connection: RuntimeHint | null = null;

  constructor(options: EngineConnectionOptions) {
    this.#options = options;
    void this.#follow();
  }

  ping(): Promise<void> {
    return this.#call("ping", "", (engine) => engine.ping());
  }

  list(): Promise<readonly ListedContainer[]> {
    return this.#call("list", "", (engine) => engine.list());
  }

  inspect(idOrName: string): Promise<ObservedContainer | undefined> {
    return this.#call("inspect", idOrName, (engine) => engine.inspect(idOrName));
  }

  watch(signal: AbortSignal): AsyncIterable<RuntimeHint> {
    return this.#hub.watch(this.#connection === null ? [] : [this.#connection], signal);
  }

  devices(): Promise<EngineDevices> {
    return this.#call("devices", "", (engine) => engine.devices());
  }

  image(reference: string): Promise<ImageInfo | undefined> {
    return this.#call("image", reference, (engine) => engine.image(reference));
  }

  images(): Promise<readonly ListedImage[]> {
    return this.#call("images", "", (engine) => engine.images());
  }

  tag(image: string, as: string): Promise<void> {
    return this.#call("tag", image, (engine) => engine.tag(image, as));
  }

  pull(reference: string): Promise<void> {
    return this.#call("pull", reference, (engine) => engine.pull(reference));
  }

  build(request: BuildRequest): Promise<string> {
    return this.#call("build", "", (engine) => engine.build(request));
  }

  removeImage(idOrReference: string): Promise<void> {
    return this.#call("removeImage", idOrReference, (engine) => engine.removeImage(idOrReference));
  }

  volume(name: string): Promise<EngineVolume | undefined> {
    return this.#call("volume", name, (engine) => engine.volume(name));
  }

  create(container: DesiredContainer): Promise<string> {
    return this.#call("create", container.name, (engine) => engine.create(container));
  }

  start(idOrName: string): Promise<void> {
    return this.#call("start", idOrName, (engine) => engine.start(idOrName));
  }

  pause(idOrName: string): Promise<void> {
    return this.#call("pause", idOrName, (engine) => engine.pause(idOrName));
  }

  unpause(idOrName: string): Promise<void> {
    return this.#call("unpause", idOrName, (engine) => engine.unpause(idOrName));
  }

  stop(idOrName: string, graceMs: number): Promise<void> {
    return this.#call("stop", idOrName, (engine) => engine.stop(idOrName, graceMs));
  }

  remove(idOrName: string): Promise<void> {
    return this.#call("remove", idOrName, (engine) => engine.remove(idOrName));
  }

  rename(idOrName: string, name: string): Promise<void> {
    return this.#call("rename", idOrName, (engine) => engine.rename(idOrName, name));
  }

  update(idOrName: string, change: RuntimeUpdate): Promise<void> {
    return this.#call("update", idOrName, (engine) => engine.update(idOrName, change));
  }

  #call<Result>(
    call: FakeCallName,
    target: string,
    act: (engine: FakeRuntime) => Promise<Result>,
  ): Promise<Result> {
    const { owner, weather, onCall } = this.#options;
    // A process that has ended goes on here as nothing but promises.
    if (owner.state === "ended") return new Promise(() => undefined);
    const made: EngineCall = { call, target };
    onCall(made);
    const fault = weather.faultFor(call);
    return new Promise((resolve, reject) => {
      const arrive = (delayMs?: number): void => {
        const run = (): void => void this.#carryOut(made, act, fault, { resolve, reject });
        this.#later("outside", `${owner.name} ${wordsOf(made)}`, run, delayMs);
      };
      if (fault === undefined || fault.mode === "slow") return arrive();
      const deadlineMs = deadlines[call] ?? changeMs;
      this.#fail(made, fault.mode, deadlineMs, reject);
      if (fault.mode === "answerLost") arrive();
      if (fault.mode === "late") arrive(deadlineMs + fault.delayMs);
    });
  }

  /** What the caller is told where the engine does not say how it went. */
  #fail(
    call: EngineCall,
    mode: EngineFault["mode"],
    deadlineMs: number,
    reject: (error: Error) => void,
  ): void {
    const what = wordsOf(call);
    if (mode === "refused") {
      const error = new Ds01Error({ reason: "EngineError", message: `cannot ${what}: internal error` });
      return this.#answer(call, "internal error", () => reject(error));
    }
    const error = new UnreachableError({ reason: "EngineUnreachable", message: `cannot ${what}: no answer` });
    this.#answer(call, "no answer", () => reject(error), mode === "answerLost" ? undefined : deadlineMs);
  }

  async #carryOut<Result>(
    call: EngineCall,
    act: (engine: FakeRuntime) => Promise<Result>,
    fault: EngineFault | undefined,
    { resolve, reject }: { resolve: (result: Result) => void; reject: (error: unknown) => void },
  ): Promise<void> {
    const isAnswered = fault === undefined || fault.mode === "slow";
    const { engine, onArrival, onEffect } = this.#options;
    try {
      onArrival(call);
      const result = await act(engine);
      onEffect(call);
      if (isAnswered) this.#answer(call, "done", () => resolve(result), fault?.delayMs);
    } catch (error) {
      if (isAnswered) this.#answer(call, messageOf(error), () => reject(error), fault?.delayMs);
    }
  }

  #answer(call: EngineCall, words: string, run: () => void, delayMs?: number): void {
    this.#later("owner", `${this.#options.owner.name} hears of ${wordsOf(call)}: ${words}`, run, delayMs);
  }

  #later(reaches: "outside" | "owner", label: string, run: () => void, delayMs?: number): void {
    const { owner, scheduler } = this.#options;
    scheduler.add(owner, reaches, { label, run, ...(delayMs === undefined ? {} : { delayMs }) });
  }

  /** Hints come in their order, after a while, some not at all and some twice. */
  async #follow(): Promise<void> {
    const { engine, weather, owner, scheduler, signal } = this.#options;
    const waiting: RuntimeHint[] = [];
    for await (const hint of engine.watch(signal)) {
      const isConnection = hint.type === "connected" || hint.type === "disconnected";
      for (let copies = isConnection ? 1 : weather.copiesOfHint(); copies > 0; copies -= 1) {
        waiting.push(hint);
        const run = (): void => {
          const next = waiting.shift();
          if (next === undefined) return;
          if (next.type === "connected" || next.type === "disconnected") this.#connection = next;
          this.#hub.publish(next);
        };
        scheduler.add(owner, "owner", { label: `${owner.name} is told ${hint.type} ${hint.action}`, run });
      }
    }
  }
}

function wordsOf({ call, target }: EngineCall): string {
  return `${call} ${target.slice(0, 40)}`;
}
