import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onTestFinished } from "vitest";

/** Has the garbage collected over and over while the test runs. */
export function keepCollecting(): void {
  const timer = setInterval(collectGarbage, 50);
  onTestFinished(() => clearInterval(timer));
}

/** Collects the garbage of this process; answers how many bytes of its heap are in use after that. */
export function collectGarbage(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
