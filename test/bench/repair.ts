import { fillHost } from "./apply50.ts";
import { roundsOf } from "./bench-host.ts";
import type { BenchHost } from "./bench-host.ts";
import { settled } from "./settled.ts";
import type { Pair } from "./statistics.ts";
import { containerOf, createBody } from "./workload.ts";

/** A container killed through the API until it runs again, against a raw client that starts it at the die event. */
export async function repair(host: BenchHost): Promise<void> {
  const { raw, settings, report } = host;
  const rounds = roundsOf(host, 40);
  // One container a round: only the first restart of each comes at once.
  const names = Array.from({ length: rounds + 1 }, (_, round) => `r${round}`);
  await fillHost(host, names);
  await raw.start(await raw.create("raw", createBody("raw", settings.network)));
  const pairs: Pair[] = [];
  for (const [round, name] of names.entries()) {
    await settled(host);
    const first = round % 2 === 0 ? await killAndStart(host) : undefined;
    await settled(host);
    const ours = await killOnly(host, containerOf(name));
    await settled(host);
    const theirs = first ?? (await killAndStart(host));
    if (round > 0) pairs.push({ ours, theirs });
  }
  report.compare({ name: "repair", against: "raw start at the die event", unit: "ms", pairs, goal: 1.1 });
}

async function killAndStart({ raw, clock }: BenchHost): Promise<number> {
  const died = clock.after("die", /^raw$/);
  const started = clock.after("start", /^raw$/);
  const from = performance.now();
  const killed = raw.kill("raw");
  await died;
  await raw.start("raw");
  await killed;
  return (await started) - from;
}

async function killOnly({ raw, clock }: BenchHost, container: string): Promise<number> {
  const started = clock.after("start", new RegExp(`^${container}$`));
  const from = performance.now();
  await raw.kill(container);
  return (await started) - from;
}
