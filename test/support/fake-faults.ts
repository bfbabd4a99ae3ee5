import type { Clock } from "../../src/ports/clock.ts";
import type { ContainerRuntime } from "../../src/ports/container-runtime.ts";
import { UnreachableError } from "../../src/util/errors.ts";

/** The methods of a runtime but watch. */
export type FakeCallName = Exclude<keyof ContainerRuntime, "watch">;

/** Something that goes wrong with the calls that match. */
export interface FakeFault {
  /** Absent: every call. */
  readonly call?: FakeCallName;
  /** Name of the container or image; absent: any. */
  readonly target?: string | RegExp;
  /**
   * before: fails without effect. after: the effect happens and the answer is lost. hang: no answer and no effect
   * until the caller gives up or the fault is taken away. late: waits `delayMs` first.
   */
  readonly when: "before" | "after" | "hang" | "late";
  /** What is thrown; absent: UnreachableError. */
  readonly error?: () => Error;
  readonly delayMs?: number;
  /** Let this many matching calls through first. */
  readonly skip?: number;
  /** How many calls it catches; for ever unless told. */
  readonly times?: number;
}

interface StandingFault {
  readonly fault: FakeFault;
  seen: number;
  readonly released: Set<() => void>;
}

/** What goes wrong with the calls to the fake engine, in the order it was asked for. */
export class FakeFaults {
  readonly #clock: Clock;
  readonly #standing: StandingFault[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a fault and returns what takes it away; calls that hang go on then. */
  inject(fault: FakeFault): () => void {
    const standing: StandingFault = { fault, seen: 0, released: new Set() };
    this.#standing.push(standing);
    return () => {
      const at = this.#standing.indexOf(standing);
      if (at >= 0) this.#standing.splice(at, 1);
      for (const release of standing.released) release();
    };
  }

  /** Does `act`, or what the first fault that matches makes of it. */
  async around<Result>(
    call: FakeCallName,
    target: string,
    signal: AbortSignal | undefined,
    act: () => Result | Promise<Result>,
  ): Promise<Result> {
    const standing = this.#matching(call, target);
    if (standing === undefined) return act();
    const { when, delayMs = 0, error } = standing.fault;
    const failure = (): Error => error?.() ?? unreachable(`${call} ${target}`);
    if (when === "before") throw failure();
    if (when === "hang") await this.#hang(standing, signal);
    if (when === "late") await waitFor(this.#clock, delayMs, signal);
    const result = await act();
    if (when === "after") throw failure();
    return result;
  }

  #matching(call: FakeCallName, target: string): StandingFault | undefined {
    return this.#standing.find((standing) => {
      const { call: wanted, target: about, skip = 0, times = Number.POSITIVE_INFINITY } = standing.fault;
      if (wanted !== undefined && wanted !== call) return false;
      if (typeof about === "string" ? about !== target : about?.test(target) === false) return false;
      standing.seen += 1;
      return standing.seen > skip && standing.seen <= skip + times;
    });
  }

  #hang(standing: StandingFault, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      standing.released.add(resolve);
      signal?.addEventListener("abort", () => reject(reasonOf(signal)), { once: true });
    });
  }
}

/** Resolves when the clock has moved on by that much; rejects when the signal is aborted first. */
export function waitFor(clock: Clock, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.callAt(clock.now() + milliseconds, resolve);
    const abort = (): void => {
      cancel();
      if (signal !== undefined) reject(reasonOf(signal));
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Waits for it, but no longer than the caller does; what has begun goes on. */
export function untilGivenUp(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(reasonOf(signal)), { once: true });
    work.then(resolve, reject);
  });
}

/** What every call gets while the engine is away. */
export function unreachable(what: string): Error {
  return new UnreachableError({
    reason: "EngineUnreachable",
    message: `cannot ${what}: the Docker Engine cannot be reached`,
  });
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
