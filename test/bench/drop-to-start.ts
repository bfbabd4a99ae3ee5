import { roundsOf } from "./bench-host.ts";
import type { BenchHost } from "./bench-host.ts";
import { settled } from "./settled.ts";
import type { Pair } from "./statistics.ts";
import { containerOf, createBody, specText } from "./workload.ts";

/** One spec, from rename(2) to the engine's start event, against create and start by the raw API. */
export async function dropToStart(host: BenchHost): Promise<void> {
  const { report } = host;
  const pairs: Pair[] = [];
  const rounds = roundsOf(host, 40);
  for (let round = 0; round <= rounds; round += 1) {
    // Alternating order: what one leaves for the other to bear falls on both alike.
    const first = round % 2 === 0 ? await rawStart(host, round) : undefined;
    await settled(host);
    const ours = await drop(host, round);
    await settled(host);
    const theirs = first ?? (await rawStart(host, round));
    await settled(host);
    if (round > 0) pairs.push({ ours, theirs });
  }
  report.compare({
    name: "drop-to-start",
    against: "raw create and start",
    unit: "ms",
    pairs,
    goal: 1.1,
  });
}

async function rawStart({ raw, clock, settings }: BenchHost, round: number): Promise<number> {
  const name = `raw-${round}`;
  const started = clock.after("start", new RegExp(`^${name}$`));
  const from = performance.now();
  await raw.start(await raw.create(name, createBody(name, settings.network)));
  return (await started) - from;
}

async function drop({ controller, clock, settings }: BenchHost, round: number): Promise<number> {
  const name = `d${round}`;
  controller.stage(name, specText(name, settings.network));
  const started = clock.after("start", new RegExp(`^${containerOf(name)}$`));
  const from = performance.now();
  controller.drop(name);
  return (await started) - from;
}
