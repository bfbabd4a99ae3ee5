import { median, quantile } from "../bench/statistics.ts";
import { descriptorCount } from "./outside.ts";
import type { RestPoint, SoakResult } from "./run-soak.ts";
import { growthPerHour, secondHalf } from "./trend.ts";
import type { Point, Verdict } from "./trend.ts";

/** Below this a trend is noise. */
const trendMinutes = 20;
/** Share of its size by which memory may grow in an hour. */
const heapGrowth = 0.1;
const residentGrowth = 0.15;
const descriptorsPerHour = 4;
/** What is kept of each object that has gone (what it said, for a day), and of each event. */
const stateBytesPerPast = 4096;
const logBytesPerEvent = 2500;
/** Share of what was done that may fail: some of it meets an engine that is away. */
const failures = 0.05;

/** Holds the samples against what stays bounded. */
export function judge(result: SoakResult): readonly Verdict[] {
  const [first, last] = [result.rests[0], result.rests.at(-1)];
  if (first === undefined || last === undefined || first === last)
    throw new Error("nothing was looked at before and after");
  return [...trends(result), ...atRest(first, last), ...written(first, last, result), ...told(result)];
}

function trends({ inside, outside, startedAt, endedAt }: SoakResult): readonly Verdict[] {
  const isLong = endedAt - startedAt >= trendMinutes * 60_000;
  const row = (name: string, points: readonly Point[], options: TrendOptions): Verdict => {
    const late = secondHalf(points.filter(({ at }) => at >= startedAt));
    const [growth, middle] = [growthPerHour(late), median(late.map(({ value }) => value))];
    const limit = options.share === undefined ? (options.perHour ?? 0) : options.share * middle;
    return {
      name: `${name}, second half`,
      found: `${options.text(middle)}, ${growth < 0 ? "-" : "+"}${options.text(Math.abs(growth))} an hour`,
      bound: isLong ? `+${options.text(limit)} an hour` : "-",
      good: isLong ? growth <= limit : null,
    };
  };
  return [
    row(
      "heap after a collection",
      inside.map(({ at, heapUsed }) => ({ at, value: heapUsed })),
      { share: heapGrowth, text: mib },
    ),
    row(
      "resident memory",
      outside.map(({ at, residentBytes }) => ({ at, value: residentBytes })),
      { share: residentGrowth, text: mib },
    ),
    row(
      "descriptors",
      outside.map((sample) => ({ at: sample.at, value: descriptorCount(sample) })),
      { perHour: descriptorsPerHour, text: (count) => count.toFixed(1) },
    ),
  ];
}

interface TrendOptions {
  readonly share?: number;
  readonly perHour?: number;
  readonly text: (value: number) => string;
}

/** What there is of it with nothing to do must not be more in the end. */
function atRest(first: RestPoint, last: RestPoint): readonly Verdict[] {
  const row = (name: string, of: (point: RestPoint) => number, allowed: number): Verdict => ({
    name: `${name} at rest`,
    found: `${of(first)}, in the end ${of(last)}`,
    bound: `${of(first)} + ${allowed}`,
    good: of(last) <= of(first) + allowed,
  });
  const resources = ({ inside }: RestPoint): number =>
    Object.values(inside.resources).reduce((a, b) => a + b, 0);
  return [
    row("descriptors", ({ outside }) => descriptorCount(outside), 4),
    row("child processes", ({ outside }) => outside.children, 0),
    row("timers, sockets and other handles", resources, 4),
    row("listeners", ({ inside }) => inside.listeners, 12),
    row("most listeners of one thing", ({ inside }) => Math.max(...Object.values(inside.crowded)), 2),
    row("abort signals", ({ inside }) => inside.objects["AbortSignal"] ?? 0, 12),
    row("emitters", ({ inside }) => inside.objects["EventEmitter"] ?? 0, 20),
    row("containers", ({ written: { containers } }) => containers, 0),
    row("processes in containers", ({ written: { execs } }) => execs, 0),
    row("streams of events that the engine holds", ({ written: { eventStreams } }) => eventStreams, 0),
  ];
}

function written(first: RestPoint, last: RestPoint, { startedAt, endedAt }: SoakResult): readonly Verdict[] {
  const [before, after] = [first.written, last.written];
  const past = Math.max(1, last.past - first.past);
  const events = Math.max(1, after.events - before.events);
  const minutes = (endedAt - startedAt) / 60_000;
  const state = (after.stateBytes - before.stateBytes) / past;
  const log = (after.logBytes - before.logBytes) / events;
  return [
    {
      name: "state directory, growth per object that has gone",
      found: `${state.toFixed(0)} bytes (${past} objects; ${kib(after.stateBytes)} in ${after.stateFiles} files in the end)`,
      bound: `${stateBytesPerPast} bytes`,
      good: state <= stateBytesPerPast,
    },
    {
      name: "all logs, per event",
      found: `${log.toFixed(0)} bytes (${events} events; ${kib((after.logBytes - before.logBytes) / minutes)} a minute)`,
      bound: `${logBytesPerEvent} bytes`,
      good: log <= logBytesPerEvent,
    },
  ];
}

function told(result: SoakResult): readonly Verdict[] {
  const { inside, outside, done, failed, engineRestarts, startedAt, endedAt } = result;
  const during = inside.filter(({ at }) => at >= startedAt);
  const p99 = during.map(({ loopMs }) => loopMs.p99);
  const warnings = inside.at(-1)?.warnings ?? [];
  const actions = [...done.values()].reduce((sum, count) => sum + count, 0);
  const [from, to] = [outside.find(({ at }) => at >= startedAt), outside.at(-1)];
  const cpu =
    from === undefined || to === undefined ? Number.NaN : (to.cpuMs - from.cpuMs) / (to.at - from.at);
  return [
    {
      name: "warnings of Node (listeners and others)",
      found: warnings.length === 0 ? "none" : [...new Set(warnings)].join("; "),
      bound: "none",
      good: warnings.length === 0,
    },
    {
      name: "things done",
      found: `${actions}, ${failed.length} failed; ${engineRestarts} restarts of the engine`,
      bound: `${failures * 100} % fail`,
      good: failed.length <= Math.max(1, actions * failures),
    },
    figure(
      "delay of the event loop, p99 of a sample",
      `median ${median(p99).toFixed(1)} ms, p90 ${quantile(p99, 0.9).toFixed(1)} ms`,
    ),
    figure(
      "delay of the event loop, most",
      `${Math.max(...during.map(({ loopMs }) => loopMs.max)).toFixed(0)} ms`,
    ),
    figure("CPU of the controller and its children", `${(cpu * 100).toFixed(1)} % of a core`),
    figure(
      "time",
      `${((endedAt - startedAt) / 60_000).toFixed(1)} minutes, ${during.length} samples from inside`,
    ),
  ];
}

function figure(name: string, found: string): Verdict {
  return { name, found, bound: "-", good: null };
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(2)} MiB`;
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
