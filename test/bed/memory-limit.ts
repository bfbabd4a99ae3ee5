import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const hierarchy = "/sys/fs/cgroup/memory";

/** Whether this machine can limit the memory of a process that runs (cgroup v1). */
export const canLimitMemory = existsSync(join(hierarchy, "memory.oom_control"));

/** A limit that stands. */
export interface MemoryLimit {
  /** Whether the kernel holds somebody up now who wants more. */
  isHoldingUp(): boolean;
  /** Takes the limit away. */
  lift(): void;
}

/**
 * Lets a process take so many bytes more and no swap; what it has already does not count. At the limit the kernel kills it,
 * or holds it up until the limit is lifted. The cgroup stands below the engine's and goes with it.
 */
export function limitFurtherMemory(options: {
  readonly cgroup: string;
  readonly pid: number;
  readonly bytes: number;
  readonly atLimit: "kill" | "hold up";
}): MemoryLimit {
  const directory = join(hierarchy, options.cgroup, `limited-${options.pid}`);
  const at = (name: string): string => join(directory, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(at("memory.limit_in_bytes"), String(options.bytes));
  writeFileSync(at("memory.oom_control"), options.atLimit === "kill" ? "0" : "1");
  writeFileSync(at("cgroup.procs"), String(options.pid));
  return {
    isHoldingUp: () => /^under_oom 1$/m.test(readFileSync(at("memory.oom_control"), "utf8")),
    lift: () => {
      writeFileSync(at("memory.limit_in_bytes"), "-1");
    },
  };
}
