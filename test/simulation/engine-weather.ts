import type { FakeCallName } from "../support/fake-faults.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What goes wrong with calls to the engine. */
export interface EngineFault {
  /** Absent: any call. */
  readonly call?: FakeCallName;
  /**
   * refused: an error and no effect. answerLost: the effect happens and the connection breaks. hangs: neither, until
   * the deadline. late: the effect happens after the deadline. slow: the answer takes its time.
   */
  readonly mode: "refused" | "answerLost" | "hangs" | "late" | "slow";
  readonly delayMs: number;
  readonly times: number;
}

/** How the engine treats its clients now. */
export class EngineWeather {
  losesEvents = false;
  repeatsEvents = false;
  readonly #random: SeededRandom;
  #faults: { fault: EngineFault; left: number }[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  add(fault: EngineFault): void {
    this.#faults.push({ fault, left: fault.times });
  }

  clear(): void {
    this.#faults = [];
    this.losesEvents = false;
    this.repeatsEvents = false;
  }

  /** What goes wrong with this call; it counts as one of those that go wrong. */
  faultFor(call: FakeCallName): EngineFault | undefined {
    const found = this.#faults.find(({ fault }) => fault.call === undefined || fault.call === call);
    if (found === undefined) return undefined;
    found.left -= 1;
    if (found.left <= 0) this.#faults.splice(this.#faults.indexOf(found), 1);
    return found.fault;
  }

  /** How often a hint is told. */
  copiesOfHint(): number {
    if (this.losesEvents && this.#random.chance(0.7)) return 0;
    return this.repeatsEvents && this.#random.chance(0.5) ? 2 : 1;
  }
}
