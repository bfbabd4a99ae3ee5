import { demand, gpu, inventory, lease } from "../support/devices.ts";
import { playDay, randomJobs } from "../support/queue-day.ts";
import { schedule } from "../../src/core/schedule/queue.ts";
import type { BenchHost } from "./bench-host.ts";
import { roundsOf } from "./bench-host.ts";
import { median, quantile } from "./statistics.ts";

const minute = 60_000;
const pending = 1000;
const gpus = Array.from({ length: 16 }, (_, index) => gpu(index));

/** The queue alone, without an engine: one decision with 1,000 that wait, and a day of a busy lab. CPU, not wall clock. */
export async function queue(host: BenchHost): Promise<void> {
  const { report } = host;
  const decisions = decideOften(roundsOf(host, 40));
  report.figure(
    `a decision with ${pending} pending on 16 GPUs`,
    `${median(decisions).toFixed(1)} ms CPU in the middle, ${quantile(decisions, 0.9).toFixed(1)} ms at p90`,
  );
  const size = { users: 40, jobs: 500, gpus: 16 };
  const before = process.cpuUsage();
  const day = playDay(randomJobs(1, size), size.gpus);
  const spent = process.cpuUsage(before);
  report.figure(
    "a day of 40 users, 16 GPUs and 500 jobs",
    `${((spent.user + spent.system) / 1e6).toFixed(1)} s CPU, ${day.decisions} decisions`,
  );
  const errors = day.runs.flatMap(({ promisedAt, startedAt }) =>
    promisedAt === null ? [] : [(startedAt - promisedAt) / minute],
  );
  const late = errors.filter((error) => error > 0).length;
  report.figure(
    "promised and actual starts of that day",
    `${errors.length} promises: in the middle ${-Math.round(median(errors))} min earlier than promised, ${late} later than promised (p90 ${Math.round(quantile(errors, 0.9))} min, worst ${Math.round(Math.max(...errors))} min)`,
  );
}

/** CPU milliseconds of each decision; the first few do not count. */
function decideOften(rounds: number): readonly number[] {
  const demands = Array.from({ length: pending }, (_, index) =>
    demand(`d${index}`, {
      namespace: `user${index % 40}`,
      count: 1 + (index % 3),
      submittedAt: index,
      maxRuntimeMs: (1 + (index % 4)) * 60 * minute,
    }),
  );
  const leases = gpus.map(({ uuid }, index) =>
    lease(uuid, `user${index}/r${index}`, { until: (index + 1) * 10 * minute, untilCause: "maxRuntime" }),
  );
  const input = {
    demands,
    inventory: inventory(gpus),
    leases,
    strategy: "leastAllocated",
    now: 0,
    formatTime: String,
  } as const;
  return Array.from({ length: rounds + 10 }, () => {
    const before = process.cpuUsage();
    const { size } = schedule(input);
    const spent = process.cpuUsage(before);
    if (size !== pending) throw new Error(`${size} of ${pending} were decided on`);
    return (spent.user + spent.system) / 1000;
  }).slice(10);
}
