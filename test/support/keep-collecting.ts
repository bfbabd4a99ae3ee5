import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onTestFinished } from "vitest";

/** Has the garbage collected over and over while the test runs. */
export function keepCollecting(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const timer = setInterval(collect, 50);
  onTestFinished(() => clearInterval(timer));
}
