import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { waitFor } from "../bed/wait-for.ts";
import { roundsOf } from "./bench-host.ts";
import type { BenchHost } from "./bench-host.ts";
import { settled } from "./settled.ts";
import { median } from "./statistics.ts";
import type { Pair } from "./statistics.ts";
import { benchUser, specText } from "./workload.ts";

const specs = 1000;
const watchers = 1000;
const listsARound = 100;
const collection = `/apis/ds01.io/v1alpha1/namespaces/${benchUser}/containers`;
const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io";

/** A server that makes nothing: it has the bytes of every answer at hand. */
const bareServer = `
  const [socketPath, bodyPath] = process.argv.slice(1);
  const body = require("node:fs").readFileSync(bodyPath);
  require("node:http").createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    if (!request.url.includes("watch=1")) return response.setHeader("content-length", body.length).end(body);
    response.flushHeaders();
  }).listen(socketPath, () => console.log("ready"));`;

interface Side {
  readonly socketPath: string;
  readonly pid: number;
}

/** What many clients of the API cost: 1,000 objects as a table, and 1,000 that watch, against a server that makes nothing. */
export async function clients(host: BenchHost): Promise<void> {
  const { controller, settings } = host;
  for (let index = 0; index < specs; index += 1) {
    controller.stage(`c${index}`, specText(`c${index}`, settings.network, "Stopped"));
    controller.drop(`c${index}`);
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const ours: Side = { socketPath: controller.socketPath, pid: controller.pid };
  await waitFor("every spec to be taken in", async () => (await rowsOf(ours, agent)) === specs, {
    timeoutMs: 120_000,
    intervalMs: 500,
  });
  await settled(host);
  const body = join(controller.directory, "table.json");
  writeFileSync(body, await list(ours, agent));
  const socketPath = join(controller.directory, "bare.sock");
  const bare = spawn(process.execPath, ["-e", bareServer, socketPath, body], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let said = "";
    bare.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    await waitFor("the bare server", () => said.includes("ready"));
    const theirs: Side = { socketPath, pid: bare.pid ?? 0 };
    await measureLists(host, { ours, theirs, agent });
    await measureWatchers(host, { ours, theirs, agent });
  } finally {
    bare.kill("SIGKILL");
    agent.destroy();
  }
}

interface Sides {
  readonly ours: Side;
  readonly theirs: Side;
  readonly agent: Agent;
}

async function measureLists(host: BenchHost, { ours, theirs, agent }: Sides): Promise<void> {
  const pairs: Pair[] = [];
  for (let round = 0; round <= roundsOf(host, 12); round += 1) {
    const cost = async (side: Side): Promise<number> => {
      const before = cpuMs(side.pid);
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let index = 0; index < listsARound / 4; index += 1) await list(side, agent);
        }),
      );
      return (cpuMs(side.pid) - before) / listsARound;
    };
    const first = round % 2 === 0 ? await cost(theirs) : undefined;
    const own = await cost(ours);
    const other = first ?? (await cost(theirs));
    // The time of a process is counted in ticks of 10 ms.
    if (round > 0) pairs.push({ ours: own, theirs: Math.max(other, 10 / listsARound) });
  }
  const name = `a list of ${specs} objects as a table, CPU`;
  host.report.compare({ name, against: "the same bytes from a bare server", unit: "ms", pairs });
  const perSecond = 1000 / median(pairs.map((pair) => pair.ours));
  host.report.figure(`lists of ${specs} objects as a table`, `${perSecond.toFixed(0)} a second and core`);
  const before = cpuMs(ours.pid);
  for (let index = 0; index < listsARound; index += 1)
    await list(ours, agent, `?labelSelector=round!%3D${index}`);
  const unlike = (cpuMs(ours.pid) - before) / listsARound;
  host.report.figure(
    `lists of ${specs} objects as a table, each with a selector of its own`,
    `${(1000 / unlike).toFixed(0)} a second and core`,
  );
}

async function measureWatchers(host: BenchHost, { ours, theirs, agent }: Sides): Promise<void> {
  const { metadata } = JSON.parse(String(await list(ours, agent))) as {
    metadata: { resourceVersion: string };
  };
  const path = `${collection}?watch=1&resourceVersion=${metadata.resourceVersion}`;
  const grown = async (
    side: Side,
  ): Promise<{ readonly mib: number; readonly open: readonly ClientRequest[] }> => {
    const before = residentMib(side.pid);
    const open = await openWatches(side, path);
    return { mib: residentMib(side.pid) - before, open };
  };
  const [own, other] = [await grown(ours), await grown(theirs)];
  host.report.compare({
    name: `${watchers} that watch, resident memory`,
    against: "as many open answers of a bare server",
    unit: "MiB",
    pairs: [{ ours: Math.max(own.mib, 1), theirs: Math.max(other.mib, 1) }],
  });
  host.report.figure(`controller with ${watchers} that watch`, `${residentMib(ours.pid).toFixed(0)} MiB`);

  let told = 0;
  for (const sent of own.open) sent.once("told", () => (told += 1));
  const before = cpuMs(ours.pid);
  const from = performance.now();
  host.controller.stage("told", specText("told", host.settings.network, "Stopped"));
  host.controller.drop("told");
  await waitFor("everybody to be told", () => told === watchers, { timeoutMs: 60_000, intervalMs: 5 });
  const took = performance.now() - from;
  host.report.figure(
    `a new object, until ${watchers} that watch know`,
    `${took.toFixed(0)} ms, ${(cpuMs(ours.pid) - before).toFixed(0)} ms of CPU; ${residentMib(ours.pid).toFixed(0)} MiB then`,
  );
  for (const sent of [...own.open, ...other.open]) sent.destroy();
}

/** Opens them a few at a time; each emits `told` when something comes. */
async function openWatches(side: Side, path: string): Promise<readonly ClientRequest[]> {
  const open: ClientRequest[] = [];
  while (open.length < watchers) {
    const some = Array.from({ length: 50 }, async () => {
      const { sent, response } = await answered({ ...side, path, agent: false });
      sent.on("error", () => undefined);
      response.on("error", () => undefined).on("data", () => sent.emit("told"));
      return sent;
    });
    open.push(...(await Promise.all(some)));
  }
  return open;
}

async function list(side: Side, agent: Agent, query = ""): Promise<Buffer> {
  const headers = { accept: tableAccept };
  return buffer((await answered({ ...side, path: `${collection}${query}`, agent, headers })).response);
}

async function rowsOf(side: Side, agent: Agent): Promise<number> {
  const table = JSON.parse(String(await list(side, agent))) as { rows: { cells: unknown[] }[] };
  return table.rows.filter(({ cells }) => cells[1] !== "Pending").length;
}

async function answered(options: {
  readonly socketPath: string;
  readonly path: string;
  readonly agent: Agent | false;
  readonly headers?: Record<string, string>;
}): Promise<{ readonly sent: ClientRequest; readonly response: IncomingMessage }> {
  return new Promise((resolve, reject) => {
    const sent = request(options);
    sent.once("error", reject).once("response", (response) => resolve({ sent, response }));
    sent.end();
  });
}

/** User and system time of a process. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}
