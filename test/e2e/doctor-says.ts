import { waitFor } from "../bed/wait-for.ts";
import type { Host } from "./host.ts";

/** Waits until `ds01 doctor` writes the line, and returns all it has written. */
export async function doctorSays(host: Host, line: RegExp): Promise<string> {
  return waitFor(
    `doctor to say ${line}`,
    async () => {
      const { stdout } = await host.ds01("doctor");
      return line.test(stdout) && stdout;
    },
    { intervalMs: 300 },
  );
}
