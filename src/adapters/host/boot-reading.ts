import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { parseStat } from "../parse-stat.ts";
import { leastJumpMs, type ClockReading } from "../../core/container-clock.ts";

/** How the time is told, and where the kernel says what. */
export interface BootReadingOptions {
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
  /** Seconds since the machine was started, those that it slept included. */
  readonly uptime: () => number;
  readonly bootIdPath: string;
  readonly firstProcessPath: string;
}

const ofThisMachine: BootReadingOptions = {
  wall: () => Date.now(),
  uptime,
  bootIdPath: "/proc/sys/kernel/random/boot_id",
  firstProcessPath: "/proc/1/stat",
};

/** Two looks at the wall clock around one at the uptime are this close, or something came in between (milliseconds). */
const closeMs = 20;
const tries = 5;

/**
 * Says when the machine was started by the wall clock, always the same until that is set; null on a machine that does
 * not say which boot it is. What it gains or loses otherwise is below `leastJumpMs`, or counts once it is not.
 */
export function bootReading(options: BootReadingOptions = ofThisMachine): () => ClockReading | null {
  const boot = bootOf(options);
  let last: ClockReading | null = null;
  return () => {
    if (boot === null) return null;
    const bootedAt = bootedAtBy(options);
    if (last === null || Math.abs(bootedAt - last.bootedAt) >= leastJumpMs) last = { boot, bootedAt };
    return last;
  };
}

/** A process that was kept from running between two looks, or a clock that was set, looks again. */
function bootedAtBy(options: BootReadingOptions): number {
  let bootedAt = 0;
  for (let left = tries; left > 0; left -= 1) {
    const before = options.wall();
    const upMs = options.uptime() * 1000;
    const after = options.wall();
    bootedAt = Math.round(before - upMs);
    if (after >= before && after - before <= closeMs) break;
  }
  return bootedAt;
}

/** A container that is a whole machine starts anew with its first process, on a kernel that goes on. */
function bootOf({ bootIdPath, firstProcessPath }: BootReadingOptions): string | null {
  try {
    const bootId = readFileSync(bootIdPath, "utf8").trim();
    const { startTicks } = parseStat(readFileSync(firstProcessPath, "utf8"));
    return bootId === "" || startTicks === "" ? null : `${bootId}/${startTicks}`;
  } catch {
    // Not Linux, or no /proc: nobody can tell one boot from another.
    return null;
  }
}
