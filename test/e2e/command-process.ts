import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

/** A `ds01` process that goes on, and what it has written so far. */
export class CommandProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  /** All that it wrote has been read by then, which its end alone does not mean. */
  readonly #closed: Promise<number | string>;

  /** The launcher, if any, is a command that becomes the process. */
  constructor(
    main: string,
    line: readonly string[],
    environment: NodeJS.ProcessEnv,
    launcher: readonly string[] = [],
  ) {
    const [program = process.execPath, ...words] = [...launcher, process.execPath, main, ...line];
    this.child = spawn(program, words, {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#closed = new Promise((resolve) =>
      this.child.once("close", (code, signal) => resolve(code ?? signal ?? -1)),
    );
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Exit code, or the name of the signal that ended it. */
  async exit(): Promise<number | string> {
    return this.#closed;
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    if (this.isRunning) this.child.kill(signal);
    return this.exit();
  }
}
