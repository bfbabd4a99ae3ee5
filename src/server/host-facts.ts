import { cpus, freemem, hostname, totalmem } from "node:os";

/** What this machine has; the same for as long as it runs. */
export interface HostFacts {
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** What is used of it now. */
export interface HostUse {
  /** CPUs in use, over `windowMs`. */
  readonly cpus: number;
  readonly windowMs: number;
  /** Without what is only cached. */
  readonly memoryBytes: number;
}

export function hostFacts(): HostFacts {
  return { name: hostname(), cpus: cpus().length, memoryBytes: totalmem() };
}

const windowMs = 500;

/** Takes half a second. */
export async function hostUse(): Promise<HostUse> {
  const before = busyTime();
  await new Promise((resolve) => setTimeout(resolve, windowMs));
  const after = busyTime();
  const part = (after.busy - before.busy) / Math.max(1, after.all - before.all);
  return { cpus: part * cpus().length, windowMs, memoryBytes: totalmem() - freemem() };
}

function busyTime(): { readonly busy: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { busy: all - times.reduce((sum, { idle }) => sum + idle, 0), all };
}
