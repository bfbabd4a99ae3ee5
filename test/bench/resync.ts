import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../bed/wait-for.ts";
import { fillHost } from "./apply50.ts";
import { roundsOf, withCpu } from "./bench-host.ts";
import type { BenchHost } from "./bench-host.ts";
import { settled } from "./settled.ts";
import { median } from "./statistics.ts";
import type { Pair } from "./statistics.ts";
import { benchUser, specText } from "./workload.ts";

const specs = 1000;
const containers = 200;
/** Files younger than this are read again at every scan, as their timestamps could hide a change. */
const racyMs = 2500;

/** Everything looked at with nothing to do, against one list call of the engine. */
export async function resync(host: BenchHost): Promise<void> {
  const { controller, raw, settings, report } = host;
  for (let index = containers; index < specs; index += 1) {
    controller.stage(`s${index}`, specText(`s${index}`, settings.network, "Stopped"));
    controller.drop(`s${index}`);
  }
  await fillHost(
    host,
    Array.from({ length: containers }, (_, index) => `s${index}`),
  );
  await waitFor(
    "every spec to be taken in",
    async () => (await phases(host)).every((phase) => phase !== "Pending"),
    {
      timeoutMs: 60_000,
      intervalMs: 500,
    },
  );
  await sleep(racyMs);
  await settled(host);
  const mutations = controller.log.split('"msg":"step"').length;
  const [wall, cpu, own]: [Pair[], Pair[], number[]] = [[], [], []];
  const rounds = roundsOf(host, 40);
  for (let round = 0; round <= rounds; round += 1) {
    const list = (): Promise<number> => timed(async () => raw.call("GET", "/containers/json?all=1"));
    const sync = (): Promise<number> => timed(async () => controller.api("POST", "/resync"));
    const before = round % 2 === 0 ? await withCpu(host, list) : undefined;
    await settled(host);
    const ours = await withCpu(host, async () => {
      const took = await sync();
      return took;
    });
    await settled(host);
    const theirs = before ?? (await withCpu(host, list));
    await settled(host);
    if (round === 0) continue;
    wall.push({ ours: ours.result, theirs: theirs.result });
    if (host.cpu === undefined) continue;
    cpu.push({ ours: ours.engineMs + ours.controllerMs, theirs: theirs.engineMs });
    own.push(ours.controllerMs);
  }
  if (controller.log.split('"msg":"step"').length !== mutations)
    throw new Error("a resync with nothing changed took steps");
  const against = `one list call, ${containers} containers`;
  const name = `no-op resync of ${specs} specs`;
  report.compare({ name, against, unit: "ms", pairs: wall, goal: 1.25 });
  if (cpu.length === 0) return;
  report.compare({ name: `${name}, CPU of engine and controller`, against, unit: "ms", pairs: cpu });
  report.figure(`${name}, CPU of the controller`, `${median(own).toFixed(1)} ms`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

async function phases({ controller }: BenchHost): Promise<readonly string[]> {
  const list = (await controller.api("GET", `/namespaces/${benchUser}/containers`)) as {
    items: { status: { phase: string } }[];
  };
  return list.items.length < specs ? ["Pending"] : list.items.map(({ status }) => status.phase);
}
