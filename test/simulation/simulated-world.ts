import type { EventObject } from "../../src/api/event.ts";
import { isLive } from "../../src/core/plan/roles.ts";
import { fakeBedImages, fakeImage } from "../support/fake-images.ts";
import { FakeRuntime } from "../support/fake-runtime.ts";
import { MemoryIdentity } from "../support/memory-identity.ts";
import type { LogLine } from "../support/silent-log.ts";
import { ControllerProcess } from "./controller-process.ts";
import type { EngineCall } from "./engine-connection.ts";
import { EngineWeather } from "./engine-weather.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedDevices } from "./simulated-devices.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { SimulatedTree } from "./simulated-tree.ts";
import { TaskScheduler } from "./task-scheduler.ts";

/** Who is told of what controllers do. */
export interface WorldObserver {
  /** A call leaves a controller. */
  onCall(by: ControllerProcess, call: EngineCall): void;
  /** A call of a controller, of one that has ended too, reaches the engine. */
  onArrival(by: ControllerProcess, call: EngineCall): void;
  /** And has taken effect. */
  onEffect(by: ControllerProcess, call: EngineCall): void;
  onEvent(by: ControllerProcess, event: EventObject): void;
  onLog(by: ControllerProcess, line: LogLine): void;
  /** The controller as a whole has failed. */
  onFault(by: ControllerProcess, error: unknown): void;
  /** Somebody has asked a controller for something that it cannot do. */
  onRefusal(error: unknown): void;
  /** Somebody has brought a container to life who is no controller. */
  onHand(containerId: string): void;
}

/** A live holder that gave no sign for this long may be taken over, in milliseconds. */
const staleMs = 10_000;
/** A health check speaks after this time. */
const healthMs = 3000;

/** A machine with an engine, GPUs, files and controllers, all that happens on it drawn from one seed. */
export class SimulatedWorld {
  readonly clock = new SimulatedClock();
  readonly scheduler: TaskScheduler;
  readonly engine: FakeRuntime;
  readonly weather: EngineWeather;
  readonly devices: SimulatedDevices;
  readonly tree = new SimulatedTree();
  readonly disk = new SimulatedDisk();
  readonly journal: EventObject[] = [];
  readonly identity = new MemoryIdentity().add("alice", 1001).add("bob", 1002).add("carol", 1003);
  readonly observer: WorldObserver;
  lockHolder: ControllerProcess | null = null;
  /** Halted ones included. */
  processes: ControllerProcess[] = [];
  #started = 0;
  #uids = 0;
  readonly #checkingHealth = new Set<string>();

  constructor(seed: number, observer: WorldObserver) {
    const random = new SeededRandom(seed ^ 0x5eed);
    this.observer = observer;
    this.scheduler = new TaskScheduler(this.clock, random);
    this.weather = new EngineWeather(random);
    this.engine = new FakeRuntime({
      clock: this.clock,
      images: [...fakeBedImages(), fakeImage("bed/base:2")],
    });
    this.engine.registry.set("far/tool:1", fakeImage("far/tool:1"));
    this.devices = new SimulatedDevices(this.engine);
  }

  newUid(): string {
    this.#uids += 1;
    return `uid-${this.#uids}`;
  }

  /** The controller that acts, if one runs. */
  get acting(): ControllerProcess | null {
    return this.lockHolder?.state === "runs" ? this.lockHolder : null;
  }

  /** A controller is started; false when another one has the state directory and gives signs of life. */
  startController(): boolean {
    const holder = this.lockHolder;
    if (holder !== null && holder.state !== "ended") {
      if (holder.haltedAt === null || this.clock.elapsed - holder.haltedAt < staleMs) return false;
    }
    this.#started += 1;
    const process = new ControllerProcess(`ds01#${this.#started}`, this);
    this.lockHolder = process;
    this.processes.push(process);
    void process.run();
    return true;
  }

  kill(process: ControllerProcess): void {
    process.kill();
    this.processes = this.processes.filter((one) => one !== process);
  }

  /** Who lost the lock notices within a second of running, and ends. */
  resume(process: ControllerProcess): void {
    process.resume();
    if (this.lockHolder === process) return;
    const run = (): void => this.kill(process);
    this.scheduler.add(process, "owner", { label: `${process.name} ends`, delayMs: 1000, run });
  }

  /** Health checks of images speak by themselves. */
  watchHealth(): void {
    for (const container of this.engine.containers) {
      if (container.health !== "starting" || this.#checkingHealth.has(container.id)) continue;
      this.#checkingHealth.add(container.id);
      this.clock.callAt(this.clock.now() + healthMs, () => {
        this.#checkingHealth.delete(container.id);
        if (isLive(container) && container.health === "starting")
          this.engine.setHealth(container.id, "healthy");
      });
    }
  }
}
