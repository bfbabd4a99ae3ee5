import { formatBytes } from "../../util/quantity.ts";
import type { Activity, ActivityReading, GpuReading, Signal } from "./activity.ts";
import type { IdleSettings } from "./idle-settings.ts";

type Thresholds = Pick<
  IdleSettings,
  "gpuPercent" | "cpuPercent" | "networkBytesPerMinute" | "ioBytesPerMinute"
>;

/**
 * What each signal says about the time between two readings. Of a time in which looks were left out (`withinMs`: the
 * time between two looks; else null) nobody knows when something was used: all of it may have been between two looks
 * that never were, and is judged so. A mean over the whole time would hide it.
 */
export function judgeSignals(
  before: ActivityReading | null,
  now: ActivityReading,
  thresholds: Thresholds,
  withinMs: number | null,
): readonly Signal[] {
  const elapsedMs = before === null ? 0 : (withinMs ?? now.uptimeMs - before.uptimeMs);
  const grown = (field: "cpuMs" | "networkBytes"): number | null =>
    growth(before?.[field] ?? null, now[field] ?? null, elapsedMs);
  const signals: Signal[] = [];
  if (now.keptAlive !== undefined)
    signals.push({ name: "keep-alive", activity: "busy", text: now.keptAlive });
  if (now.gpus.length > 0) signals.push(gpuSignal(now.gpus, thresholds, withinMs !== null));
  signals.push(cpuSignal(grown("cpuMs"), thresholds));
  if (now.networkBytes !== undefined)
    signals.push(bytesSignal("network", grown("networkBytes"), thresholds.networkBytesPerMinute));
  if (now.ioBytes !== undefined)
    signals.push(bytesSignal("I/O", readAndWritten(before, now, elapsedMs), thresholds.ioBytesPerMinute));
  if (now.terminalStamp !== undefined) signals.push(terminalSignal(before, now.terminalStamp));
  return signals;
}

/** Busy when one signal is; unknown when none is and one could not be read. */
export function activityOf(signals: readonly Signal[]): Activity {
  if (signals.some(({ activity }) => activity === "busy")) return "busy";
  return signals.some(({ activity }) => activity === "unknown") ? "unknown" : "quiet";
}

/** Per minute; null when it cannot be told. A counter that has gone back says nothing about what was used. */
function growth(before: number | null, now: number | null, elapsedMs: number): number | null {
  if (before === null || now === null || elapsedMs <= 0 || now < before) return null;
  return ((now - before) * 60_000) / elapsedMs;
}

/**
 * Nobody inherits what a process has read and written that was started from outside, such as a health check: the sum is
 * less once it has ended. That counts as much: what had done a lot and has ended is a sign of life too, and may hide
 * what others did.
 */
function readAndWritten(
  before: ActivityReading | null,
  { ioBytes = null }: ActivityReading,
  elapsedMs: number,
): number | null {
  const earlier = before?.ioBytes ?? null;
  if (earlier === null || ioBytes === null) return null;
  return growth(Math.min(earlier, ioBytes), Math.max(earlier, ioBytes), elapsedMs);
}

/**
 * The busiest GPU counts, and one that nobody knows of keeps all from being quiet. After a late look only one without a
 * process is quiet: no counter tells how much it was used, and a process that came and went has cost CPU time.
 */
function gpuSignal(gpus: readonly GpuReading[], { gpuPercent }: Thresholds, isLate: boolean): Signal {
  const activities = gpus.map(({ percent, processes }): Activity => {
    if (percent !== null && percent >= gpuPercent) return "busy";
    if (isLate && processes !== 0) return "unknown";
    if (percent !== null) return "quiet";
    if (processes === null) return "unknown";
    return processes > 0 ? "busy" : "quiet";
  });
  const activity = (["busy", "unknown", "quiet"] as const).find((one) => activities.includes(one)) ?? "quiet";
  return { name: "GPU", activity, text: `GPU ${gpuText(gpus, activity)}` };
}

function gpuText(gpus: readonly GpuReading[], activity: Activity): string {
  const percents = gpus.flatMap(({ percent }) => percent ?? []);
  if (activity === "unknown") return "not known";
  if (percents.length > 0) return `${Math.max(...percents)} %`;
  const processes = gpus.reduce((sum, gpu) => sum + (gpu.processes ?? 0), 0);
  return processes === 1 ? "1 process" : `${processes} processes`;
}

function cpuSignal(msPerMinute: number | null, { cpuPercent }: Thresholds): Signal {
  if (msPerMinute === null) return { name: "CPU", activity: "unknown", text: "CPU not known" };
  const percent = msPerMinute / 600;
  const activity = percent > cpuPercent ? "busy" : "quiet";
  return { name: "CPU", activity, text: `CPU ${Math.round(percent * 10) / 10} %` };
}

function bytesSignal(name: "network" | "I/O", perMinute: number | null, most: number): Signal {
  if (perMinute === null) return { name, activity: "unknown", text: `${name} not known` };
  const activity = perMinute > most ? "busy" : "quiet";
  return { name, activity, text: `${name} ${formatBytes(Math.round(perMinute))} a minute` };
}

/** Only whether the stamp is another: the clock that made it may be set at any time. */
function terminalSignal(before: ActivityReading | null, stamp: number | null): Signal {
  const earlier = before?.terminalStamp ?? null;
  if (stamp === null || earlier === null)
    return { name: "terminal", activity: "unknown", text: "terminals not known" };
  if (stamp !== earlier) return { name: "terminal", activity: "busy", text: "terminal in use" };
  return { name: "terminal", activity: "quiet", text: stamp === 0 ? "no terminal" : "terminals quiet" };
}
