import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../bed/wait-for.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { MixedLoad } from "./load.ts";
import type { ProcessSample } from "./outside.ts";
import { startSoakHost } from "./soak-host.ts";
import type { InsideSample, SoakHost, WrittenSample } from "./soak-host.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** After each of these everything is deleted, and what is left is looked at. */
  readonly rounds: number;
  /** Milliseconds between two things that are done, on average. */
  readonly pauseMs: number;
  /** Minutes between two restarts of the engine. */
  readonly engineMinutes: number;
  /** How often the controller looks into itself, in milliseconds. */
  readonly sampleMs: number;
  readonly seed: number;
  /** Events that are made at first, by short jobs. */
  readonly fillEvents: number;
  /** Is told what there is at rest, and what was measured so far, after each round. */
  readonly onRest: (line: string, soFar: SoakResult | null) => void;
}

/** What there is when nothing stands and nobody asks for anything. */
export interface RestPoint {
  readonly outside: ProcessSample;
  readonly inside: InsideSample;
  readonly written: WrittenSample;
  /** Objects that have been and gone so far. */
  readonly past: number;
}

export interface SoakResult {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outside: readonly ProcessSample[];
  readonly inside: readonly InsideSample[];
  /** The first is after each thing was done once. */
  readonly rests: readonly RestPoint[];
  readonly done: ReadonlyMap<string, number>;
  readonly failed: readonly string[];
  readonly engineRestarts: number;
}

const outsideEveryMs = 5000;

/** Loads a machine of its own for so long, and takes samples all the while. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const machine = await startSoakHost(options.sampleMs);
  const outside: ProcessSample[] = [];
  const looking = setInterval(() => outside.push(machine.outside()), outsideEveryMs);
  try {
    return await soak(machine, outside, options);
  } finally {
    clearInterval(looking);
    await machine.stop();
  }
}

async function soak(machine: SoakHost, outside: ProcessSample[], options: SoakOptions): Promise<SoakResult> {
  const { minutes, rounds, seed, onRest } = options;
  const load = new MixedLoad(machine, seed);
  const random = new SeededRandom(seed + 1);
  // What is kept of the last events and changes, up to a number of them, is full before anything is measured.
  await load.fill(20, async () => (await machine.written()).events >= options.fillEvents);
  for (const name of load.actions) await load.act(name);
  await load.restartEngine(true);
  const rests = [await rest(machine, load, options)];
  onRest(lineOf(rests[0]), null);
  const startedAt = Date.now();
  let [engineRestarts, restartAt] = [0, startedAt + options.engineMinutes * 60_000];
  const soFar = (): SoakResult => {
    const { done, failed } = load;
    return {
      startedAt,
      endedAt: Date.now(),
      outside,
      inside: machine.inside(),
      rests,
      done,
      failed,
      engineRestarts,
    };
  };
  for (let round = 1; round <= rounds; round += 1) {
    const until = startedAt + (minutes * 60_000 * round) / rounds;
    while (Date.now() < until) {
      await load.act();
      await sleep(options.pauseMs * (0.5 + random.next()));
      if (Date.now() < restartAt) continue;
      engineRestarts += 1;
      restartAt += options.engineMinutes * 60_000;
      await load.restartEngine(engineRestarts % 2 === 0);
    }
    rests.push(await rest(machine, load, options));
    onRest(`round ${round} of ${rounds}: ${lineOf(rests.at(-1))}`, soFar());
  }
  return soFar();
}

/** Deletes everything, and looks once all that takes its time to close has had it. */
async function rest(machine: SoakHost, load: MixedLoad, { sampleMs }: SoakOptions): Promise<RestPoint> {
  await load.clear();
  const before = machine.inside().length;
  const options = { timeoutMs: sampleMs * 12 + 20_000, intervalMs: 500 };
  // nvidia-smi and git run now and then also at rest; one that happens to run has its pipes and listeners.
  const isWithoutChild = ({ resources }: InsideSample): boolean => (resources["ProcessWrap"] ?? 0) === 0;
  const inside = await waitFor(
    "a sample at rest without a child",
    () =>
      machine
        .inside()
        .slice(before + 1)
        .find(isWithoutChild),
    options,
  );
  const outside = await waitFor(
    "a look at rest without a child",
    () => [machine.outside()].find(({ children }) => children === 0),
    { timeoutMs: options.timeoutMs, intervalMs: 100 },
  );
  return { inside, outside, written: await machine.written(), past: load.past };
}

function lineOf(point: RestPoint | undefined): string {
  if (point === undefined) return "nothing";
  const { inside, outside, written, past } = point;
  const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return JSON.stringify({
    at: new Date(inside.at).toISOString(),
    heap: mib(inside.heapUsed),
    resident: mib(outside.residentBytes),
    descriptors: outside.descriptors,
    children: outside.children,
    listeners: inside.listeners,
    crowded: inside.crowded,
    resources: inside.resources,
    objects: inside.objects,
    loopMs: inside.loopMs,
    written,
    past,
  });
}
