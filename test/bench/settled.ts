import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchHost } from "./bench-host.ts";

const lookMs = 25;

/** Waits until engine and controller have been (nearly) idle for a moment, so that nothing of before is measured. */
export async function settled({ engine, controller }: BenchHost): Promise<void> {
  const deadline = performance.now() + 5000;
  let before = ticks(engine.pid) + ticks(controller.pid);
  for (let quiet = 0; quiet < 3 && performance.now() < deadline;) {
    await sleep(lookMs);
    const now = ticks(engine.pid) + ticks(controller.pid);
    quiet = now - before <= 1 ? quiet + 1 : 0;
    before = now;
  }
}

/** User and system time of a process, in ticks of 10 ms. */
function ticks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
