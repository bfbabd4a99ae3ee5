import { carryOut } from "./carry-out.ts";
import { drawOperations } from "./draw-operations.ts";
import { InvariantWatch, type Violation } from "./invariant-watch.ts";
import { describeOperation, type PlannedOperation } from "./operation.ts";
import { settle } from "./quiescence.ts";
import { SimulatedWorld } from "./simulated-world.ts";
import { messageOf } from "../../src/util/errors.ts";

/** How one seed went. */
export interface SimulationResult {
  readonly seed: number;
  readonly steps: number;
  readonly violation: Violation | null;
}

export interface SimulationOptions {
  /** Absent: drawn from the seed. */
  readonly operations?: readonly PlannedOperation[];
  /** Is told of everything that happens. */
  readonly onLine?: (line: string) => void;
}

/** Turns of the event loop after each step, for promises to settle: parsing a file takes one of its own. */
const turnsAStep = 2;
/** More steps than any seed takes that comes to rest. */
const maximumSteps = 60_000;

/** One world, its clock, its controllers and what happens to them. */
export class Simulation {
  readonly watch = new InvariantWatch();
  readonly world: SimulatedWorld;
  steps = 0;
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #watched = new WeakSet();

  constructor(seed: number, onLine?: (line: string) => void) {
    this.#onLine = onLine;
    this.world = new SimulatedWorld(seed, this.watch);
    this.watch.world = this.world;
    if (onLine === undefined) return;
    const tell = (text: string): void => this.tell(text);
    this.watch.onLine = tell;
    this.world.scheduler.onTask = tell;
  }

  tell(text: string): void {
    const seconds = (this.world.clock.elapsed / 1000).toFixed(3).padStart(9);
    this.#onLine?.(`${String(this.steps).padStart(6)} ${seconds} s  ${text}`);
  }

  get violation(): Violation | null {
    return this.watch.violations[0] ?? null;
  }

  /** One thing happens, and everything is looked at; false when so much time has gone by before. */
  async step(until: number): Promise<boolean> {
    const happened = this.world.scheduler.step(until);
    if (!happened) return false;
    this.steps += 1;
    await this.look();
    if (this.steps > maximumSteps)
      this.watch.violations.push({ rule: "rest", message: "it never comes to rest" });
    return this.violation === null;
  }

  /** Lets promises settle, and looks at what came of it. */
  async look(): Promise<void> {
    for (let turn = 0; turn < turnsAStep; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    this.world.watchHealth();
    for (const process of this.world.processes) {
      if (this.#watched.has(process)) continue;
      this.#watched.add(process);
      process.store.onChange(({ type, record }) => {
        if (type !== "DELETED" && record.kind === "ContainerSpec") this.watch.onRecord(record);
      });
    }
    this.watch.look();
  }

  /** Lets so much time go by. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.world.clock.elapsed + milliseconds;
    while (await this.step(until));
  }

  /** Does one operation after what is to happen before it. */
  async perform({ afterMs, afterSteps, operation }: PlannedOperation): Promise<void> {
    const until = this.world.clock.elapsed + afterMs;
    for (let step = 0; step < afterSteps && (await this.step(until)); step += 1);
    if (this.violation !== null) return;
    this.tell(`>>> ${describeOperation(operation)}`);
    this.watch.onOperation(operation);
    try {
      carryOut(operation, this.world);
    } catch (error) {
      this.tell(`    refused: ${messageOf(error)}`);
    }
    await this.look();
  }
}

/** Runs one seed to the end, or to the first thing that must not be. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const simulation = new Simulation(seed, options.onLine);
  const operations = options.operations ?? drawOperations(seed);
  const faults = (error: unknown): void => simulation.watch.violations.push(fault(error)) as never;
  process.on("unhandledRejection", faults);
  process.on("uncaughtException", faults);
  try {
    simulation.world.startController();
    for (const operation of operations) {
      if (simulation.violation === null) await simulation.perform(operation);
    }
    if (simulation.violation === null) await settle(simulation);
  } finally {
    for (const one of simulation.world.processes) simulation.world.kill(one);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", faults);
    process.off("uncaughtException", faults);
  }
  return { seed, steps: simulation.steps, violation: simulation.violation };
}

function fault(error: unknown): Violation {
  return {
    rule: "fault",
    message: error instanceof Error ? (error.stack ?? error.message) : messageOf(error),
  };
}
