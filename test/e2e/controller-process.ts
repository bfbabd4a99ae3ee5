import { waitFor } from "../bed/wait-for.ts";
import { CommandProcess } from "./command-process.ts";

/** A `ds01 controller` process; its log is on standard error. */
export class ControllerProcess extends CommandProcess {
  constructor(
    main: string,
    line: readonly string[],
    environment: NodeJS.ProcessEnv,
    launcher: readonly string[] = [],
  ) {
    super(main, ["controller", ...line], environment, launcher);
  }

  /** The log lines so far. */
  logLines(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.stderr.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits for the log line that says it is ready. */
  async ready(timeoutMs = 60_000): Promise<void> {
    await waitFor(
      "the controller to be ready",
      () => {
        if (!this.isRunning) throw new Error(`the controller ended: ${this.stderr.slice(-2000)}`);
        return this.logLines().some(({ msg }) => msg === "ready");
      },
      { timeoutMs },
    );
  }
}
