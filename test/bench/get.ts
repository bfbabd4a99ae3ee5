import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fillHost } from "./apply50.ts";
import { roundsOf } from "./bench-host.ts";
import type { BenchHost } from "./bench-host.ts";
import { settled } from "./settled.ts";
import type { Pair } from "./statistics.ts";
import { benchUser } from "./workload.ts";

const containers = 60;

/** `ds01 get containers` as a process, against node that does nothing and against `docker ps -a`. */
export async function get(host: BenchHost): Promise<void> {
  const { controller, engine, settings, report } = host;
  await fillHost(
    host,
    Array.from({ length: containers }, (_, index) => `g${index}`),
  );
  await settled(host);
  const environment = { DS01_SOCKET: controller.socketPath, DS01_NAMESPACE: benchUser };
  const ds01 = [join(settings.dist, "cli/main.js"), "get", "containers"];
  const hasDocker = spawnSync("docker", ["--version"]).status === 0;
  if (!hasDocker) report.skip("get against docker ps", "the docker command is not installed");
  const [bare, ps]: [Pair[], Pair[]] = [[], []];
  for (let round = 0; round <= roundsOf(host, 40); round += 1) {
    const theirs = time(process.execPath, ["-e", "0"], {});
    const ours = time(process.execPath, ds01, environment, containers + 1);
    const docker = hasDocker
      ? time("docker", ["-H", engine.dockerHost, "ps", "-a"], {}, containers + 1)
      : undefined;
    if (round === 0) continue;
    bare.push({ ours, theirs });
    if (docker !== undefined) ps.push({ ours, theirs: docker });
  }
  const name = `get of ${containers} containers`;
  report.compare({ name, against: "node -e 0", unit: "ms", pairs: bare, goal: 1.5 });
  if (hasDocker) report.compare({ name, against: "docker ps -a", unit: "ms", pairs: ps });
}

/** Milliseconds until the command has ended; it must succeed and print so many lines. */
function time(
  command: string,
  line: readonly string[],
  environment: Readonly<Record<string, string>>,
  lines = 0,
): number {
  const from = performance.now();
  const done = spawnSync(command, line, { env: { ...process.env, ...environment }, encoding: "utf8" });
  const took = performance.now() - from;
  const printed = done.stdout.split("\n").length - 1;
  if (done.status !== 0 || printed < lines)
    throw new Error(`${command} ${line.join(" ")}: exit ${done.status}, ${printed} lines\n${done.stderr}`);
  return took;
}
