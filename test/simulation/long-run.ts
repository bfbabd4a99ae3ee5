import { carryOut } from "./carry-out.ts";
import { keptObjects } from "./kept-objects.ts";
import type { Operation } from "./operation.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SimulatedWorld, type WorldObserver } from "./simulated-world.ts";

const minute = 60_000;
const hour = 60 * minute;
/** Objects that stand at once; an older one goes when another comes. */
const standing = 8;
/** What the controller's memory is counted without. */
const outside = new Set([
  "LongRun",
  "SimulatedWorld",
  "FakeRuntime",
  "TaskScheduler",
  "SimulatedClock",
  "SimulatedDisk",
  "SimulatedTree",
  "EngineWeather",
  "ControllerProcess",
  "global",
  // Keeps the last 2,000 events, which this many objects do not reach.
  "Recorder",
  // Deadlines of calls that are over: they go when the real time has come, which does not pass here.
  "system / WeakCell",
]);

/** What there is at a moment when everything has gone that was declared. */
export interface Leftovers {
  /** Objects that have been and gone until then. */
  readonly past: number;
  /** Alarms that are set. */
  readonly alarms: number;
  readonly records: number;
  readonly containers: number;
  /** Characters of each document of the state directory. */
  readonly documents: ReadonlyMap<string, number>;
}

/** A machine in simulated time on which things come and go under names that are never used again. */
export class LongRun {
  readonly world: SimulatedWorld;
  readonly #random: SeededRandom;
  #standing: string[] = [];
  #named = 0;
  /** Objects that have been and gone. */
  past = 0;
  steps = 0;
  /** What a controller as a whole has failed with. */
  readonly faults: unknown[] = [];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    const nothing = (): void => undefined;
    const observer: WorldObserver = {
      onCall: nothing,
      onArrival: nothing,
      onEffect: nothing,
      onEvent: nothing,
      onLog: nothing,
      onFault: (_by, error) => void this.faults.push(error),
      onRefusal: nothing,
      onHand: nothing,
    };
    this.world = new SimulatedWorld(seed, observer);
    // A user whose last file goes is held back, as somebody's whole directory may have been moved by mistake.
    this.#write("always", "image: bed/base:1\n  desiredState: Stopped");
    this.world.startController();
  }

  /** So many hours of load, three things every ten minutes on average. */
  async load(hours: number): Promise<void> {
    const until = this.world.clock.elapsed + hours * hour;
    while (this.world.clock.elapsed < until) {
      await this.pass(this.#random.below(7 * minute));
      this.#act();
    }
  }

  /** Deletes everything, one thing after the other, and lets so much time go by. */
  async rest(hours: number): Promise<void> {
    this.world.weather.losesEvents = false;
    while (this.#standing.length > 0) {
      this.#remove();
      await this.pass(20_000);
    }
    await this.pass(hours * hour);
    // What is kept for a day goes with the next one that is deleted.
    this.#create();
    await this.pass(minute);
    this.#remove();
    await this.pass(10 * minute);
  }

  /** Objects, arrays, maps and sets that the controller keeps alive, by their class: see `keptObjects`. */
  async kept(): Promise<ReadonlyMap<string, number>> {
    // The journal is the test's.
    this.world.journal.length = 0;
    const counts = await keptObjects("ControllerManager", outside);
    return new Map([...counts].filter(([kind]) => kind.startsWith("object ") && kind !== "object shape"));
  }

  leftovers(): Leftovers {
    const { disk, engine, clock } = this.world;
    return {
      past: this.past,
      alarms: clock.alarms,
      records: disk.records.size,
      containers: engine.containers.length,
      documents: new Map([...disk.documents].map(([path, text]) => [path, text.length])),
    };
  }

  /** Ends all controllers. */
  end(): void {
    for (const one of this.world.processes) this.world.kill(one);
  }

  /** Lets so much time go by. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.world.clock.elapsed + milliseconds;
    while (this.world.scheduler.step(until)) {
      this.steps += 1;
      for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      this.world.watchHealth();
    }
  }

  #act(): void {
    const choice = this.#random.below(12);
    if (choice < 5) this.#create();
    else if (choice < 7) this.#change();
    else if (choice < 9) this.#do({ do: "hand", command: "kill", which: this.#random.below(20) });
    else if (choice < 10) this.#do({ do: "engineAway", forMs: 20_000, restart: this.#random.chance(0.5) });
    else if (choice < 11) this.#do({ do: "gpuStackAway", forMs: 30_000 });
    else this.#do({ do: "fault", fault: { mode: "answerLost", delayMs: 1000, times: 2 } });
  }

  #create(): void {
    if (this.#standing.length >= standing) this.#remove();
    this.#named += 1;
    const name = `n${this.#named}`;
    const kind = this.#random.pick([
      "image: bed/base:1",
      "image: bed/base:1\n  gpus: { count: 1 }",
      'image: bed/crash:1\n  restartPolicy: Never\n  env: [{ name: CRASH_CODE, value: "0" }, { name: CRASH_AFTER, value: "20" }]',
    ]);
    this.#standing.push(this.#write(name, kind));
  }

  #write(name: string, spec: string): string {
    const path = `users/alice/${name}.yaml`;
    const head = `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: { name: ${name}, namespace: alice }`;
    this.#do({ do: "write", path, text: `${head}\nspec:\n  ${spec}\n` });
    return path;
  }

  #change(): void {
    if (this.#standing.length === 0) return;
    const path = this.#random.pick(this.#standing);
    if (this.#random.chance(0.2)) this.#do({ do: "break", path });
    else this.#do({ do: "declare", path, state: this.#random.pick(["Running", "Stopped", "Paused"]) });
  }

  #remove(): void {
    const path = this.#standing.shift();
    if (path === undefined) return;
    this.past += 1;
    this.#do({ do: "delete", path });
  }

  #do(operation: Operation): void {
    carryOut(operation, this.world);
  }
}
