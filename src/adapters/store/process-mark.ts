import { readFileSync, readlinkSync } from "node:fs";
import { parseStat } from "../parse-stat.ts";

/** What tells one process from every other, also from a later one with the same pid. */
export interface ProcessMark {
  readonly pid: number;
  /** Clock ticks from boot to its start, from /proc/PID/stat. */
  readonly startTicks: string;
  /** Changes at each boot of the kernel. */
  readonly bootId: string;
  /** The pid namespace that `pid` counts in. */
  readonly pidNamespace: string;
  /** The machine, over boots; empty when it has no id. */
  readonly machineId: string;
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid) ?? "",
    bootId: readTrimmed("/proc/sys/kernel/random/boot_id"),
    pidNamespace: pidNamespace(),
    machineId: readTrimmed("/etc/machine-id"),
  };
}

/** Whether the marked process still runs; "unknown" when it belongs to another machine or pid namespace. */
export function fateOf(mark: ProcessMark): "alive" | "dead" | "unknown" {
  const here = ownMark();
  if (mark.bootId !== here.bootId) {
    return mark.machineId !== "" && mark.machineId === here.machineId ? "dead" : "unknown";
  }
  if (mark.pidNamespace !== here.pidNamespace) return "unknown";
  return startTicksOf(mark.pid) === mark.startTicks ? "alive" : "dead";
}

/** Start time of a running process; undefined when there is none, or only its zombie. */
function startTicksOf(pid: number): string | undefined {
  const { state, startTicks } = parseStat(readTrimmed(`/proc/${pid}/stat`));
  return ["", "Z", "X"].includes(state) ? undefined : startTicks;
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function readTrimmed(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // Not there (the process has ended, or the machine has no id): the same as empty.
    return "";
  }
}
