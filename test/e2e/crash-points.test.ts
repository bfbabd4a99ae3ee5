import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FailPoints } from "../bed/fail-points.ts";
import type { FailPoint } from "../bed/fail-points.ts";
import { waitFor } from "../bed/wait-for.ts";
import { failPointsOf } from "../support/choose-fail-points.ts";
import { recordFault } from "../support/record-fault.ts";
import { GitBed } from "../support/git-repository.ts";
import { bundledController } from "./bundled-controller.ts";
import { faultsOfState, runningContainers, unlike } from "./crash-checks.ts";
import type { Running } from "./crash-checks.ts";
import { crashScenarios, patienceMs } from "./crash-scenarios.ts";
import type { CrashOutcome, CrashScenario } from "./crash-scenarios.ts";
import { DeviceWatch } from "./device-watch.ts";
import { startHost } from "./host.ts";
import type { Host } from "./host.ts";
import { containerSpec } from "./spec-text.ts";
import { startsSince } from "./start-watch.ts";

/** How many kills a scenario gets; "all" is one at each effect of it. Else a sample of the kinds of effects. */
const wanted = process.env["DS01_CRASH_POINTS"];
const names = [
  "a start with all in place",
  "create",
  "stop, hold, release",
  "recreate",
  "remove",
  "prune",
  "preempt",
  "git swap",
];
const bystander = "alice/stays";
/** Statuses are written within a second. */
const quietMs = 1_500;
const missed = "it did not come to this effect";

describe("a controller that is killed at an effect on the world", () => {
  const folder = mkdtempSync(join(tmpdir(), "ds01-crash-"));
  const points = new FailPoints();
  /** Kinds of effects at which it was killed already. */
  const shown = new Set<string>();
  let git: GitBed;
  let host: Host;
  let watch: DeviceWatch;
  let round = 0;

  beforeAll(async () => {
    git = new GitBed(folder);
    host = await startHost({
      name: "crash",
      nvidia: "4xA100-80GB",
      configuration: configuration(),
      controllerEnvironment: points.environment,
      controllerProgram: bundledController,
    });
    watch = await DeviceWatch.open(host.engine.docker);
    host.drop(
      `users/${bystander}.yaml`,
      containerSpec("stays", { image: "bed/pause:1", stopGracePeriod: "2s", gpus: { count: 1 } }),
    );
    await host.waitForReady(bystander, patienceMs);
  });

  afterAll(async () => {
    watch.close();
    await host.stop();
    points.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(names)(
    "must go on with it and do nothing twice: %s",
    { timeout: wanted === undefined ? 1_200_000 : 14_400_000 },
    async (name) => {
      const scenario = crashScenarios(host, git).find((one) => one.name === name);
      if (scenario === undefined) throw new Error(`no scenario is called ${name}`);
      if (name === "git swap") await followGit();
      const { effects } = await play(scenario);
      // The count counts: without a name written nothing is done.
      expect(effects.length).toBeGreaterThan(3);
      const all = failPointsOf(effects, shown);
      const enough = wanted === "all" ? all.length : Number(wanted ?? scenario.sample ?? 2);
      say(`${name}: ${effects.length} effects, ${all.length} points, ${enough} are to be tried`);
      say(tally(effects));
      const failed: string[] = [];
      let kills = 0;
      for (const point of all) {
        if (kills + failed.length >= enough) break;
        const began = performance.now();
        const what = `${point.moment} ${point.kind} (${point.nth})`;
        const verdict = await play(scenario, point).then(
          (seen) => (seen.killed ? "ok" : missed),
          (error: unknown) => String(error),
        );
        shown.add(point.kind);
        if (verdict === "ok") kills += 1;
        say(`  ${what}: ${verdict} (${Math.round(performance.now() - began)} ms)`);
        // How many writes of files become one differs from time to time.
        if (verdict === "ok" || (verdict === missed && !isCall(point.kind))) continue;
        failed.push(`${what}: ${verdict}`);
        points.disarm();
        if (!host.controller.isRunning) await host.startController(patienceMs);
      }
      expect(failed).toEqual([]);
      expect(kills).toBeGreaterThan(0);
      expect(watch.violations).toEqual([]);
      const tried = `${kills} kills at ${effects.length} effects: each time as declared after the next start`;
      recordFault(
        scenario.fault,
        `${tried}, nothing of others touched, nothing left over; a further start changed nothing`,
      );
    },
  );

  /** Lets it happen with a kill at the point, and looks at what has come of it; the effects until then. */
  async function play(
    scenario: CrashScenario,
    point?: FailPoint,
  ): Promise<{ readonly effects: readonly string[]; readonly killed: boolean }> {
    round += 1;
    await clear();
    await scenario.prepare(round);
    await host.client.resync();
    const before = await runningContainers(host.engine.docker);
    const since = Date.now();
    // A start counts from its beginning.
    const isStart = scenario.name.startsWith("a start");
    if (isStart) await host.controller.end("SIGKILL");
    points.arm(point);
    if (isStart) host.spawnController();
    const outcome = await scenario.act(round);
    await killedOrDone(outcome);
    const effects = points.effects();
    points.disarm();
    const killed = !host.controller.isRunning;
    if (!killed) return { effects, killed };

    await host.startController(patienceMs);
    await settle(outcome);
    expect(faultsOfState(host)).toEqual([]);
    await expectUntouched(before, outcome);
    const starts = await startsSince(host.engine.docker, since);
    expect(Object.fromEntries(starts)).toEqual(outcome.starts);

    await host.controller.end("SIGKILL");
    host.proxy.clear();
    await host.startController(patienceMs);
    await host.client.resync();
    await settle(outcome);
    expect(host.proxy.mutations()).toEqual([]);
    return { effects, killed };
  }

  /** Until it is killed, or all is done and nothing is written any more. */
  async function killedOrDone(outcome: CrashOutcome): Promise<void> {
    let last = { count: -1, at: 0 };
    const probe = async (): Promise<boolean> => {
      if (!host.controller.isRunning) return true;
      const count = points.effects().length;
      if (count !== last.count) last = { count, at: performance.now() };
      if (performance.now() - last.at < quietMs) return false;
      return (await unmet(outcome)) === "" || !host.controller.isRunning;
    };
    await waitFor("it to be killed or done", probe, { timeoutMs: patienceMs, intervalMs: 50 });
  }

  async function settle(outcome: CrashOutcome): Promise<void> {
    const probe = async (): Promise<boolean> => {
      const missing = await unmet(outcome);
      if (missing !== "") throw new Error(missing);
      return true;
    };
    await waitFor("all to be as it was asked for", probe, { timeoutMs: patienceMs, intervalMs: 100 });
  }

  /** What is not yet as it was asked for; empty when all is. */
  async function unmet(outcome: CrashOutcome): Promise<string> {
    try {
      if (!(await outcome.done())) return "the objects are not as asked for";
      return await unlike(host, { [bystander]: 1, ...outcome.containers });
    } catch (error) {
      // Not while the controller is away.
      return String(error);
    }
  }

  async function expectUntouched(before: Running, outcome: CrashOutcome): Promise<void> {
    const now = await runningContainers(host.engine.docker);
    expect(now[bystander]).toBeDefined();
    for (const [key, container] of Object.entries(now))
      if (outcome.starts[key] === undefined) expect([key, container]).toEqual([key, before[key]]);
  }

  /** Takes away what the last round has left, so that what is counted belongs to this one. */
  async function clear(): Promise<void> {
    const keys = (await host.containers()).filter((key) => key !== bystander && !key.startsWith("gina/"));
    for (const key of keys) await host.delete(key);
    await host.waitUntilGone(keys, patienceMs);
  }

  /** From here on there is a second source, and Git runs at each start. */
  async function followGit(): Promise<void> {
    await clear();
    for (const name of ["serve", "new"])
      git.write(`users/gina/${name}.yaml`, containerSpec(name, { image: "bed/pause:1" }));
    git.push();
    const sources = [
      `  - { name: specs, directory: { path: ${host.specs} } }`,
      `  - { name: lab, git: { url: ${git.bare}, ref: main, interval: 1h } }`,
    ];
    host.configure([configuration(), "sources:", ...sources, ""].join("\n"));
    await host.controller.end("SIGKILL");
    await host.startController(patienceMs);
    await host.waitForReady("gina/serve", patienceMs);
  }
});

function configuration(): string {
  return "trust: path\npreemption: { notice: 1s, minRuntime: 0s }\n";
}

function isCall(kind: string): boolean {
  return /^(?:POST|PUT|DELETE|PATCH|git) /.test(kind);
}

/** How many of each kind. */
function tally(effects: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of effects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `  ${count} ${kind}`).join("\n");
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
