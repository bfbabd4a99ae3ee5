import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** What does work in the simulation and can be halted or ended as a whole. */
export interface TaskOwner {
  readonly name: string;
  state: "runs" | "halted" | "ended";
}

interface Task {
  readonly owner: TaskOwner | null;
  /** Where the answer to it goes nowhere, it may still be carried out. */
  readonly reaches: "outside" | "owner";
  readonly label: string;
  readonly readyAt: number;
  readonly run: () => void;
}

/** Milliseconds between a call and its arrival, or an answer and its arrival. */
function latency(random: SeededRandom): number {
  if (random.chance(0.75)) return 0;
  return random.chance(0.9) ? 1 + random.below(20) : 20 + random.below(400);
}

/**
 * Decides what happens next: everything that waits for something outside of the controller is a task here, and of
 * all that could happen now one is drawn.
 */
export class TaskScheduler {
  readonly #clock: SimulatedClock;
  readonly #random: SeededRandom;
  #tasks: Task[] = [];
  /** Tells of each task that is carried out. */
  onTask: (label: string) => void = () => undefined;

  constructor(clock: SimulatedClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** `delayMs` absent: drawn. */
  add(
    owner: TaskOwner | null,
    reaches: "outside" | "owner",
    task: { readonly label: string; readonly run: () => void; readonly delayMs?: number },
  ): void {
    if (owner?.state === "ended") return;
    const { label, run, delayMs = latency(this.#random) } = task;
    this.#tasks.push({ owner, reaches, label, run, readyAt: this.#clock.elapsed + delayMs });
  }

  /** The owner is gone: its calls that are under way arrive or are lost, its answers go nowhere. */
  end(owner: TaskOwner): void {
    owner.state = "ended";
    this.#tasks = this.#tasks.flatMap((task) => {
      if (task.owner !== owner) return [task];
      const arrives = task.reaches === "outside" && this.#random.chance(0.5);
      return arrives ? [{ ...task, owner: null, label: `${task.label} (its caller has ended)` }] : [];
    });
  }

  /** One thing happens; false when nothing does until so much time has gone by, and then it has. */
  step(until: number): boolean {
    for (;;) {
      const { elapsed } = this.#clock;
      const ready = this.#tasks.filter((task) => this.#mayRun(task) && task.readyAt <= elapsed);
      const rings = this.#clock.untilNext() === 0;
      const choice = this.#random.below(ready.length + (rings ? 1 : 0));
      const task = ready[choice];
      if (task !== undefined) {
        this.#tasks.splice(this.#tasks.indexOf(task), 1);
        this.onTask(task.label);
        task.run();
        return true;
      }
      if (rings) {
        this.onTask("an alarm rings");
        this.#clock.ring();
        return true;
      }
      const waits = this.#tasks.filter((one) => this.#mayRun(one)).map(({ readyAt }) => readyAt - elapsed);
      const wait = Math.min(this.#clock.untilNext(), ...waits);
      if (elapsed + wait > until) {
        this.#clock.pass(Math.max(0, until - elapsed));
        return false;
      }
      this.#clock.pass(wait);
    }
  }

  #mayRun({ owner, reaches }: Task): boolean {
    return owner === null || owner.state === "runs" || (owner.state === "halted" && reaches === "outside");
  }
}
