import { execFile, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { roundsOf, withCpu } from "./bench-host.ts";
import type { BenchHost } from "./bench-host.ts";
import { pool } from "./raw-docker.ts";
import { median } from "./statistics.ts";
import type { Pair } from "./statistics.ts";
import { benchUser, composeText, containerOf, createBody, specText } from "./workload.ts";

const count = 50;
const indexes = Array.from({ length: count }, (_, index) => index);

/** 50 specs dropped at once until the 50th start event, against as many create and start calls by the raw API. */
export async function apply50(host: BenchHost): Promise<void> {
  const { report } = host;
  const compose = composeVersion();
  if (compose === undefined) report.skip("apply50 against docker-compose", "docker-compose is not installed");
  const rounds = roundsOf(host, 5);
  const [raw, cpu, versus, perContainer]: [Pair[], Pair[], Pair[], number[]] = [[], [], [], []];
  for (let round = 0; round <= rounds; round += 1) {
    const theirs = await withCpu(host, () => applyRaw(host, round));
    await host.raw.removeAll(/^raw-/);
    const ours = await withCpu(host, () => applySpecs(host, round));
    await removeSpecs(host, round);
    const composed = compose === undefined ? undefined : await applyCompose(host);
    const ratio = ours.result / theirs.result;
    process.stderr.write(
      `  round ${round}: ds01 ${ours.result.toFixed(0)} ms, raw ${theirs.result.toFixed(0)} ms, ${ratio.toFixed(3)}x; controller ${(ours.controllerMs / count).toFixed(2)} ms CPU a container\n`,
    );
    if (round === 0) {
      report.figure("apply50, first round after the start (discarded)", `${ratio.toFixed(3)}x`);
      continue;
    }
    raw.push({ ours: ours.result, theirs: theirs.result });
    if (host.cpu !== undefined) {
      cpu.push({ ours: ours.engineMs + ours.controllerMs, theirs: theirs.engineMs });
      perContainer.push(ours.controllerMs / count);
    }
    if (composed !== undefined) versus.push({ ours: ours.result, theirs: composed });
  }
  const against = `raw API, ${host.settings.concurrency} at a time`;
  report.compare({ name: "apply50", against, unit: "ms", pairs: raw, goal: 1.15 });
  if (cpu.length > 0) {
    report.compare({
      name: "apply50, CPU of engine and controller",
      against,
      unit: "ms",
      pairs: cpu,
      goal: 1.15,
    });
    report.figure("apply50, CPU of the controller a container", `${median(perContainer).toFixed(2)} ms`);
  }
  if (compose !== undefined) report.compare({ name: "apply50", against: compose, unit: "ms", pairs: versus });
}

async function applyRaw({ raw, clock, settings }: BenchHost, round: number): Promise<number> {
  const started = clock.after("start", new RegExp(`^raw-${round}-`), count);
  const from = performance.now();
  await pool(indexes, settings.concurrency, async (index) => {
    const name = `raw-${round}-${index}`;
    await raw.start(await raw.create(name, createBody(name, settings.network)));
  });
  return (await started) - from;
}

async function applySpecs({ controller, clock, settings }: BenchHost, round: number): Promise<number> {
  const names = indexes.map((index) => `a${round}-${index}`);
  for (const name of names) controller.stage(name, specText(name, settings.network));
  const started = clock.after("start", new RegExp(`^a${round}-`), count);
  const from = performance.now();
  for (const name of names) controller.drop(name);
  return (await started) - from;
}

async function removeSpecs({ controller, clock }: BenchHost, round: number): Promise<void> {
  const gone = clock.after("destroy", new RegExp(`^a${round}-`), count);
  await pool(indexes, 4, async (index) =>
    controller.api("DELETE", `/namespaces/${benchUser}/containers/a${round}-${index}`),
  );
  await gone;
}

function composeVersion(): string | undefined {
  const found = spawnSync("docker-compose", ["version", "--short"], { encoding: "utf8" });
  return found.status === 0 ? `docker-compose ${found.stdout.trim()}` : undefined;
}

async function applyCompose(host: BenchHost): Promise<number> {
  const { controller, clock, settings } = host;
  writeFileSync(join(controller.directory, "compose.yaml"), composeText(count, settings.network));
  const started = clock.after("start", /^benchcompose/, count);
  const from = performance.now();
  await compose(host, ["up", "-d"]);
  const took = (await started) - from;
  await compose(host, ["down", "-t", "1"]);
  return took;
}

async function compose({ engine, controller }: BenchHost, line: readonly string[]): Promise<void> {
  const env = { ...process.env, DOCKER_HOST: engine.dockerHost, COMPOSE_PARALLEL_LIMIT: "64" };
  const file = join(controller.directory, "compose.yaml");
  await new Promise<void>((resolve, reject) => {
    execFile(
      "docker-compose",
      ["-p", "benchcompose", "-f", file, ...line],
      { env },
      (error, _out, stderr) => {
        if (error === null) resolve();
        else reject(new Error(`docker-compose ${line.join(" ")}: ${stderr}`));
      },
    );
  });
}

/** The name of the container of a spec of this benchmark; for others that want a busy host. */
export async function fillHost(
  { controller, clock, settings }: BenchHost,
  names: readonly string[],
): Promise<void> {
  for (const name of names) controller.stage(name, specText(name, settings.network));
  const pattern = new RegExp(
    `^(?:${names.map((name) => containerOf(name).replaceAll(".", "\\.")).join("|")})$`,
  );
  const started = clock.after("start", pattern, names.length);
  for (const name of names) controller.drop(name);
  await started;
}
