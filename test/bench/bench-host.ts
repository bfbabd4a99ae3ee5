import { startEngine } from "../bed/engine.ts";
import type { Engine } from "../bed/engine.ts";
import { ControllerProcess } from "./controller-process.ts";
import { openCpuAccount } from "./cpu-account.ts";
import type { CpuAccount } from "./cpu-account.ts";
import { EventClock } from "./event-clock.ts";
import { RawDocker } from "./raw-docker.ts";
import type { Report } from "./report.ts";
import type { BenchNetwork } from "./workload.ts";

/** What was asked for on the command line. */
export interface BenchSettings {
  /** Replaces the number of rounds of every benchmark. */
  readonly rounds: number | undefined;
  readonly network: BenchNetwork;
  /** Workers of the controller, and concurrency of the raw side. */
  readonly concurrency: number;
  readonly dist: string;
  readonly profile: string | undefined;
}

/** An engine with nothing in it but the bed's images, and a controller on it. */
export interface BenchHost {
  readonly settings: BenchSettings;
  readonly engine: Engine;
  readonly controller: ControllerProcess;
  readonly raw: RawDocker;
  readonly clock: EventClock;
  /** Undefined where this machine cannot account. */
  readonly cpu: CpuAccount | undefined;
  readonly report: Report;
}

/** One benchmark: a fresh host each. */
export interface Benchmark {
  (host: BenchHost): Promise<void>;
  /** What its controller is configured with beside what all are, by the controller's directory. */
  readonly configuration?: (directory: string) => string;
}

/** Gives a benchmark an engine and a controller of its own, and takes both away whatever happens. */
export async function runBenchmark(
  name: string,
  benchmark: Benchmark,
  settings: BenchSettings,
  report: Report,
): Promise<void> {
  const engine = await startEngine({ name: `bench-${name}-${process.pid}`, network: "netns" });
  const raw = new RawDocker(engine.socketPath);
  const clock = new EventClock(engine.socketPath);
  let controller: ControllerProcess | undefined;
  try {
    const cpu = openCpuAccount(engine.name);
    if (cpu === undefined) report.skip(`CPU of ${name}`, "no cpuacct hierarchy is mounted here");
    await clock.open();
    controller = await ControllerProcess.start({
      dockerHost: engine.dockerHost,
      dist: settings.dist,
      workers: settings.concurrency,
      configuration: benchmark.configuration,
      ...(settings.profile === undefined ? {} : { profile: settings.profile }),
    });
    cpu?.addController(controller.pid);
    await benchmark({ settings, engine, controller, raw, clock, cpu, report });
  } finally {
    await controller?.stop();
    clock.close();
    raw.close();
    await engine.stop();
  }
}

/** Rounds to measure: what was asked for, else the benchmark's own number; one more is run first and discarded. */
export function roundsOf({ settings }: BenchHost, own: number): number {
  return settings.rounds ?? own;
}

/** CPU milliseconds used while `work` ran; undefined where they cannot be told. */
export async function withCpu<Result>(
  { cpu }: BenchHost,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly engineMs: number; readonly controllerMs: number }> {
  const before = cpu?.read();
  const result = await work();
  const after = cpu?.read();
  return {
    result,
    engineMs: (after?.engineMs ?? Number.NaN) - (before?.engineMs ?? Number.NaN),
    controllerMs: (after?.controllerMs ?? Number.NaN) - (before?.controllerMs ?? Number.NaN),
  };
}
