import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../bed/wait-for.ts";
import { GitBed } from "../support/git-repository.ts";
import { roundsOf } from "./bench-host.ts";
import type { Benchmark, BenchHost } from "./bench-host.ts";
import { settled } from "./settled.ts";
import { median } from "./statistics.ts";
import type { Pair } from "./statistics.ts";
import { benchUser, containerOf, createBody, quotaText, specText } from "./workload.ts";

/** In the repository from the beginning; none of them runs. */
const specs = 1000;
const intervalMs = 1000;
/** A forge and the controller share it. */
const secret = "measuring";
const source = "lab";

/** How a controller comes to look for what was pushed. */
interface Way {
  readonly name: string;
  readonly interval: string;
  /** What it may take beside the work, in milliseconds. */
  readonly promisedMs: number;
  /** Called when the push is through. */
  readonly tell: (host: BenchHost) => Promise<void>;
  /** When somebody who does it by hand begins. */
  readonly byHandAfterMs: (round: number, rounds: number) => number;
}

/** A push, until the container of its one new spec starts, by a controller that is told of it. */
export const gitWebhook = benchmarkOf({
  name: "push to start, told by a webhook",
  interval: "1h",
  promisedMs: 2000,
  tell: tellOfPush,
  byHandAfterMs: () => 0,
});

/** The same by a controller that asks each second, against somebody who does so. */
export const gitPush = benchmarkOf({
  name: "push to start, asked each second",
  interval: `${intervalMs}ms`,
  promisedMs: intervalMs + 2000,
  tell: async () => undefined,
  // Evenly over the interval, as a push comes at any moment of it.
  byHandAfterMs: (round, rounds) => (intervalMs * (round % rounds)) / rounds,
});

function benchmarkOf(way: Way): Benchmark {
  const configuration = (directory: string): string =>
    [
      'api: { webhook: { listen: "127.0.0.1:0" } }',
      "sources:",
      `  - name: ${source}`,
      `    git: { url: "${repositoryIn(directory)}/specs.git", ref: main, interval: ${way.interval}, webhook: { secretFile: "${directory}/secret" } }`,
      "",
    ].join("\n");
  return Object.assign(async (host: BenchHost) => measure(way, host), { configuration });
}

/** Not there when the controller starts: a source that cannot be had yet is in nobody's way. */
function repositoryIn(directory: string): string {
  return join(directory, "git");
}

async function measure(way: Way, host: BenchHost): Promise<void> {
  const { report, settings, controller } = host;
  controller.write("secret", secret);
  const git = new GitBed(repositoryIn(controller.directory));
  git.write("quotas/bench.yaml", quotaText);
  for (let index = 0; index < specs; index += 1)
    git.write(`users/${benchUser}/s${index}.yaml`, specText(`s${index}`, settings.network, "Stopped"));
  git.push();
  await tellOfPush(host);
  await waitFor("every spec to be taken in", async () => (await pending(host)) === 0, {
    timeoutMs: 300_000,
    intervalMs: 1000,
  });
  execFileSync("git", ["clone", "--quiet", git.bare, byHandIn(host)]);
  const pairs: Pair[] = [];
  const rounds = roundsOf(host, 20);
  for (let round = 0; round <= rounds; round += 1) {
    const hand = async (): Promise<number> => byHand(host, git, round, way.byHandAfterMs(round, rounds));
    await settled(host);
    const before = round % 2 === 0 ? await hand() : undefined;
    await settled(host);
    const ours = await push(host, git, round, way);
    await settled(host);
    const theirs = before ?? (await hand());
    if (round > 0) pairs.push({ ours, theirs });
  }
  report.compare({ name: way.name, against: "git fetch, checkout, raw create and start", unit: "ms", pairs });
  const all = pairs.map(({ ours }) => ours);
  const within = all.filter((took) => took <= way.promisedMs).length;
  report.figure(
    `${way.name}, ${specs} specs`,
    `median ${median(all).toFixed(0)} ms, longest ${Math.max(...all).toFixed(0)} ms, ${within} of ${all.length} within ${way.promisedMs} ms`,
  );
}

async function push(host: BenchHost, git: GitBed, round: number, way: Way): Promise<number> {
  const name = `g${round}`;
  const started = host.clock.after("start", new RegExp(`^${containerOf(name)}$`));
  git.write(`users/${benchUser}/${name}.yaml`, specText(name, host.settings.network));
  git.push();
  const from = performance.now();
  await way.tell(host);
  return (await started) - from;
}

/** What the controller has no way around: the commit is fetched, its files are written, the container is started. */
async function byHand(host: BenchHost, git: GitBed, round: number, afterMs: number): Promise<number> {
  const { raw, clock, settings } = host;
  const name = `hand-${round}`;
  git.write(`by-hand/${name}.txt`, `${name}\n`);
  git.push();
  const started = clock.after("start", new RegExp(`^${name}$`));
  const from = performance.now();
  await sleep(afterMs);
  const options = { cwd: byHandIn(host) };
  execFileSync("git", ["fetch", "--quiet", "--depth=1", "origin", "main"], options);
  execFileSync("git", ["checkout", "--quiet", "--force", "FETCH_HEAD"], options);
  await raw.start(await raw.create(name, createBody(name, settings.network)));
  return (await started) - from;
}

function byHandIn({ controller }: BenchHost): string {
  return join(controller.directory, "by-hand");
}

async function tellOfPush({ controller }: BenchHost): Promise<void> {
  const url = /"url":"(http:[^"]+)"/.exec(controller.log)?.[1];
  if (url === undefined) throw new Error("the controller does not say where it takes webhooks");
  const body = JSON.stringify({ ref: "refs/heads/main" });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const headers = { "x-hub-signature-256": `sha256=${signature}` };
  const { status } = await fetch(`${url}${source}`, { method: "POST", body, headers });
  if (status !== 202) throw new Error(`the webhook was answered ${status}`);
}

async function pending({ controller }: BenchHost): Promise<number> {
  const { items } = (await controller.api("GET", `/namespaces/${benchUser}/containers`)) as {
    readonly items: readonly { readonly status?: { readonly phase?: string } }[];
  };
  const taken = items.filter(({ status }) => status?.phase !== undefined && status.phase !== "Pending");
  return specs - taken.length;
}
