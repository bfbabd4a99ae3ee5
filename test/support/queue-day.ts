import type { Device } from "../../src/core/schedule/device.ts";
import type { DeviceDemand, Lease } from "../../src/core/schedule/lease.ts";
import type { ScheduleOutcome } from "../../src/core/schedule/outcome.ts";
import { schedule } from "../../src/core/schedule/queue.ts";
import { advanceUse, recentUseOf, type UseHistory } from "../../src/core/schedule/recent-use.ts";
import { demand, gpu, inventory } from "./devices.ts";

const minute = 60_000;

/** Work of one person that somebody drops at some time of the day. Times in milliseconds. */
export interface Job {
  readonly uid: string;
  readonly namespace: string;
  readonly count: number;
  readonly priority: number;
  readonly submittedAt: number;
  /** What its spec allows; null without a limit. */
  readonly maxRuntimeMs: number | null;
  /** How long it really runs, at most maxRuntime. */
  readonly runsMs: number;
}

/** What became of a job. */
export interface JobRun {
  readonly job: Job;
  readonly startedAt: number;
  readonly devices: readonly string[];
  /** The first start it was promised; null when it started at once, or none was ever known. */
  readonly promisedAt: number | null;
}

export interface Day {
  readonly runs: readonly JobRun[];
  readonly decisions: number;
}

/** Random work of a day, the same for the same seed: short and long jobs of a few GPUs, most with a limit. */
export function randomJobs(
  seed: number,
  size: { readonly users: number; readonly jobs: number; readonly gpus: number },
): readonly Job[] {
  const random = randomNumbers(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return Array.from({ length: size.jobs }, (_, index) => {
    const runsMs = (5 + Math.floor(240 * random() ** 3)) * minute;
    const maxRuntimeMs = random() < 0.9 ? Math.ceil(runsMs * (1 + random())) : null;
    return {
      uid: `job${index}`,
      namespace: `user${below(size.users)}`,
      count: Math.min(size.gpus, [1, 1, 1, 1, 2, 2, 4, 8][below(8)] ?? 1),
      priority: [10, 50, 50, 50, 70][below(5)] ?? 50,
      submittedAt: below(24 * 60) * minute,
      maxRuntimeMs,
      runsMs,
    };
  });
}

/** Plays the jobs through the queue by a clock of their own, from the first submission until the last one has ended. */
export function playDay(jobs: readonly Job[], gpuCount: number): Day {
  const lab = new Lab(jobs, gpuCount);
  while (lab.goesOn()) lab.step();
  return lab;
}

/** A host with its clock, moved from one submission or end of work to the next. */
class Lab implements Day {
  readonly runs: JobRun[] = [];
  decisions = 0;
  readonly #toCome: Job[];
  readonly #devices: readonly Device[];
  readonly #waiting = new Map<string, Job>();
  readonly #running = new Map<string, JobRun>();
  readonly #promises = new Map<string, number>();
  #use: UseHistory;
  #now: number;

  constructor(jobs: readonly Job[], gpuCount: number) {
    this.#toCome = jobs.toSorted((a, b) => a.submittedAt - b.submittedAt);
    this.#devices = Array.from({ length: gpuCount }, (_, index) => gpu(index));
    this.#now = this.#toCome[0]?.submittedAt ?? 0;
    this.#use = { at: this.#now, hours: {} };
  }

  goesOn(): boolean {
    return this.#toCome.length + this.#waiting.size + this.#running.size > 0;
  }

  step(): void {
    const ends = [...this.#running.values()].map(endOf);
    const next = Math.min(this.#toCome[0]?.submittedAt ?? Infinity, ...ends);
    if (!Number.isFinite(next)) throw new Error(`${this.#waiting.size} jobs wait for nothing`);
    this.#use = advanceUse(this.#use, heldBy(this.#running), next);
    this.#now = next;
    for (const run of this.#running.values()) if (endOf(run) <= next) this.#running.delete(run.job.uid);
    const due = this.#toCome.findIndex(({ submittedAt }) => submittedAt > next);
    for (const job of this.#toCome.splice(0, due < 0 ? this.#toCome.length : due)) {
      this.#waiting.set(job.uid, job);
    }
    for (const [uid, outcome] of this.#decide()) {
      const job = this.#waiting.get(uid);
      if (job !== undefined) this.#carryOut(job, outcome);
    }
  }

  #decide(): ReadonlyMap<string, ScheduleOutcome> {
    this.decisions += 1;
    return schedule({
      demands: [...this.#waiting.values()].map(asDemand),
      inventory: inventory(this.#devices),
      leases: [...this.#running.values()].flatMap(asLeases),
      strategy: "leastAllocated",
      recentUse: recentUseOf(this.#use),
      now: this.#now,
      formatTime: String,
    });
  }

  #carryOut(job: Job, outcome: ScheduleOutcome): void {
    const { uid } = job;
    if (outcome.type === "waiting") {
      if (outcome.eta !== null && !this.#promises.has(uid)) this.#promises.set(uid, outcome.eta);
      return;
    }
    const devices = outcome.devices.map((device) => device.uuid);
    const run = { job, startedAt: this.#now, devices, promisedAt: this.#promises.get(uid) ?? null };
    this.#waiting.delete(uid);
    this.#running.set(uid, run);
    this.runs.push(run);
  }
}

export function endOf({ job, startedAt }: JobRun): number {
  return startedAt + job.runsMs;
}

function asDemand(job: Job): DeviceDemand {
  const { uid, namespace, count, priority, submittedAt, maxRuntimeMs } = job;
  return demand(uid, { namespace, count, priority, submittedAt, maxRuntimeMs });
}

function asLeases({ job, startedAt, devices }: JobRun): readonly Lease[] {
  const { uid, namespace, maxRuntimeMs } = job;
  const until = maxRuntimeMs === null ? null : startedAt + maxRuntimeMs;
  return devices.map((deviceUuid) => ({
    deviceUuid,
    holder: { type: "object", uid, namespace, name: uid },
    state: "Allocated",
    until,
    untilCause: until === null ? null : "maxRuntime",
  }));
}

function heldBy(running: ReadonlyMap<string, JobRun>): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (const { job } of running.values()) held.set(job.namespace, (held.get(job.namespace) ?? 0) + job.count);
  return held;
}

/** Numbers in [0, 1) that depend on nothing but the seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
