import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { apply50 } from "./apply50.ts";
import { runBenchmark } from "./bench-host.ts";
import type { Benchmark, BenchSettings } from "./bench-host.ts";
import { clients } from "./clients.ts";
import { ownDist } from "./controller-process.ts";
import { dropToStart } from "./drop-to-start.ts";
import { get } from "./get.ts";
import { gitPush, gitWebhook } from "./gitops.ts";
import { idle } from "./idle.ts";
import { queue } from "./queue.ts";
import { repair } from "./repair.ts";
import { Report } from "./report.ts";
import { resync } from "./resync.ts";

const benchmarks: Readonly<Record<string, Benchmark>> = {
  apply50,
  resync,
  "drop-to-start": dropToStart,
  repair,
  get,
  idle,
  clients,
  queue,
  "git-webhook": gitWebhook,
  "git-push": gitPush,
};

const usage = `usage: npx tsx test/bench/main.ts [${Object.keys(benchmarks).join("|")}]...
         [--rounds N] [--network host|none|bridge] [--concurrency N] [--dist DIR] [--profile DIR]
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      network: { type: "string", default: "host" },
      concurrency: { type: "string", default: "4" },
      dist: { type: "string", default: ownDist },
      profile: { type: "string" },
    },
  });
  const unknown = positionals.filter((name) => benchmarks[name] === undefined);
  const { network } = values;
  const concurrency = Number(values.concurrency);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  const wrong = unknown.length > 0 || !isCount(concurrency) || (rounds !== undefined && !isCount(rounds));
  if (wrong || (network !== "host" && network !== "none" && network !== "bridge")) {
    process.stderr.write(usage);
    return 2;
  }
  const dist = resolve(values.dist);
  if (!existsSync(join(dist, "daemon.js"))) {
    process.stderr.write(`${dist} holds no built ds01: run npm run build first\n`);
    return 2;
  }
  const profile = values.profile === undefined ? undefined : resolve(values.profile);
  const settings: BenchSettings = { rounds, network, concurrency, dist, profile };
  const report = new Report();
  report.figure(
    "load average at the start",
    loadavg()
      .map((value) => value.toFixed(2))
      .join(" "),
  );
  const wanted = Object.entries(benchmarks).filter(
    ([name]) => positionals.length === 0 || positionals.includes(name),
  );
  for (const [name, benchmark] of wanted) await runBenchmark(name, benchmark, settings, report);
  return report.print() ? 0 : 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
