import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Duplex, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/adapters/host/system-clock.ts";
import { doorSecrets } from "../../src/adapters/tls/door-secrets.ts";
import type { NetworkAddress } from "../../src/api/network-access.ts";
import { runController } from "../../src/controller/controller.ts";
import { WorkQueue } from "../../src/controller/workqueue.ts";
import type { ContainerAccess, ExecSession } from "../../src/ports/container-access.ts";
import { waitFor } from "../bed/wait-for.ts";
import { containerText, startApiBed } from "../support/api-bed.ts";
import type { ApiBed } from "../support/api-bed.ts";
import { collectGarbage } from "../support/keep-collecting.ts";
import { requestBudget } from "../support/random-requests.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const group = "/apis/ds01.io/v1alpha1";
const budget = requestBudget(4000);
/** A machine that is busy with other tests takes this long to look up, without anybody being to blame. */
const longestTurnMs = 2000;
const lookEveryMs = 20;
/** So many looks of the loop are a baseline. */
const baselineLooks = 100;
/** What one look in a hundred may take longer than without requests, whatever the baseline was. */
const slackMs = 250;
const heapSlackBytes = 32 * 1024 * 1024;
/** Collecting stops the process for a moment, too. */
const collectEveryMs = 5000;

/** A process that has said something and ended. */
async function spoken(): Promise<ExecSession> {
  const stdin = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const stdout = Readable.from([Buffer.from("word")]);
  return { stdin, stdout, stderr: null, resize: async () => undefined, wait: async () => 0 };
}

const containers: ContainerAccess = {
  logs: async () => Readable.from([Buffer.from("line\n")]),
  exec: spoken,
  attach: spoken,
  dial: async () => (await spoken()).stdin,
  use: async () => null,
};

/** A reconcile loop in the process of the server, which reads, writes and looks again; `lateness` is of each look, in ms. */
function reconcileBeside(bed: ApiBed): { readonly lateness: number[]; end(): Promise<void> } {
  const queue = new WorkQueue(systemClock);
  const stopping = new AbortController();
  const lateness: number[] = [];
  let planned = performance.now();
  const reconciler = {
    kind: "ContainerSpec",
    reconcile: async () => {
      await bed.control.drop("users/alice/train.yaml", containerText("train"));
      bed.control.setPhase("alice", "train", "Running");
      await readFile(import.meta.filename);
      lateness.push(performance.now() - planned);
      planned = performance.now() + lookEveryMs;
      return { requeueAt: systemClock.now() + lookEveryMs };
    },
  };
  queue.add("alice/train");
  const running = runController(
    { queue, reconciler, clock: systemClock, log: bed.log, workers: 1 },
    stopping.signal,
  );
  const end = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return { lateness, end };
}

/** The value below which this part of them lies. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function megabytes(bytes = 0): string {
  return (bytes / 1e6).toFixed(1);
}

/** Connections of this process, those it listens at included. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(?:TCP|Pipe|TLS).*Wrap$/.test(name)).length;
}

it(
  "random requests at both doors end neither the server nor its patience, and hold up no reconcile",
  { timeout: 120_000 + budget * 20 },
  async () => {
    const secrets = await doorSecrets(temporaryDirectory(), systemClock);
    const https = { port: 0, secrets };
    const bed = await startApiBed({
      clock: systemClock,
      writeDeadlineMs: 50,
      containers,
      https,
    });
    const address = (await bed.json(`${group}/network-address`)) as NetworkAddress;
    bed.actAs("alice");
    const loop = reconcileBeside(bed);
    onTestFinished(() => loop.end());
    await waitFor("a baseline", () => loop.lateness.length >= baselineLooks, { timeoutMs: 60_000 });
    const baseline = loop.lateness.splice(0);
    const connectionsBefore = connections();

    const turns = monitorEventLoopDelay({ resolution: 10 });
    turns.enable();
    const started = performance.now();
    const program = join(import.meta.dirname, "random-request-sender.ts");
    const child = spawn(
      process.execPath,
      ["--import", "tsx", program, bed.socketPath, JSON.stringify(address), String(budget)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    onTestFinished(() => void child.kill());
    const heap: number[] = [];
    const said = text(child.stdout);
    const ended = once(child, "close") as Promise<[number]>;
    let isOver = false;
    void ended.then(() => (isOver = true));
    while (!isOver) {
      await Promise.race([ended, delay(collectEveryMs)]);
      heap.push(collectGarbage());
    }
    turns.disable();
    const [code] = await ended;
    expect(code).toBe(0);
    const { answers, refused, proper } = JSON.parse(await said) as Record<string, number>;
    const storm = loop.lateness.splice(0);
    const seconds = (performance.now() - started) / 1000;
    const longest = turns.max / 1e6;
    const of = (values: readonly number[]): string =>
      [0.5, 0.99, 1].map((part) => quantile(values, part).toFixed(1)).join("/");
    process.stdout.write(
      `random requests: ${budget} sent, ${answers} answered and ${refused} malformed ones refused in ${seconds.toFixed(0)} s; ` +
        `lateness of the reconcile loop in ms (median/99 %/longest): ${of(baseline)} before, ${of(storm)} meanwhile; ` +
        `longest turn of the event loop ${longest.toFixed(0)} ms; heap ${megabytes(heap[0])} MB at first, ${megabytes(Math.max(...heap))} MB at most, ${megabytes(heap.at(-1))} MB at last\n`,
    );
    // Those that are cut off while they send a body that nobody wants get none.
    expect(answers).toBeGreaterThan(budget * (proper ?? 1) * 0.95);
    expect(refused).toBeGreaterThan(0);
    expect(longest).toBeLessThan(Math.max(longestTurnMs, quantile(baseline, 1) * 10));
    expect(quantile(storm, 0.5)).toBeLessThan(quantile(baseline, 0.5) * 10 + slackMs / 10);
    expect(quantile(storm, 0.99)).toBeLessThan(quantile(baseline, 0.99) * 10 + slackMs);
    expect(Math.max(...heap.slice(1))).toBeLessThan((heap[0] ?? 0) + heapSlackBytes);
    expect(bed.log.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(await bed.call("GET", "/livez")).toMatchObject({ code: 200 });
    await waitFor("all connections to be left", () => connections() <= connectionsBefore, {
      timeoutMs: 30_000,
    });
  },
);
