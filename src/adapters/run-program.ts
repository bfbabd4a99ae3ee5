import { spawn } from "node:child_process";
import { errorCode } from "./error-code.ts";

/** Of what a program writes about its failure, in characters. */
const mostSaid = 500;

/** A program of the admin's ended with a failure, or was ended. */
export class ProgramFailed extends Error {
  /** The beginning of what it wrote about it; for the log, as nobody knows what is in it. */
  readonly said: string;

  constructor(message: string, said: string) {
    super(message);
    this.name = "ProgramFailed";
    this.said = said;
  }
}

export interface ProgramCall {
  /** The program and its words; no shell reads them. */
  readonly command: readonly string[];
  readonly input: string;
  /** Beside PATH and LANG; nothing of the controller's own is handed on. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Ends it, too. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a program of the admin's with a text on its standard input. Rejects with ProgramFailed where it does not end with 0
 * in time; what it has started ends with it.
 */
export async function runProgram({ command, input, timeoutMs, ...call }: ProgramCall): Promise<void> {
  const [program = "", ...words] = command;
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(call.signal ? [call.signal] : [])]);
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ["pipe", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], LANG: "C.UTF-8", ...call.environment },
      detached: true,
    });
    const endAll = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch (error) {
        // The group has ended meanwhile.
        if (errorCode(error) !== "ESRCH") throw error;
      }
    };
    if (signal.aborted) endAll();
    signal.addEventListener("abort", endAll, { once: true });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (said.length < mostSaid) said = (said + chunk.toString("utf8")).slice(0, mostSaid);
    });
    child.on("error", reject);
    child.on("close", (code, endedBy) => {
      signal.removeEventListener("abort", endAll);
      if (code === 0) resolve();
      else reject(new ProgramFailed(`${program} ended with ${code ?? endedBy ?? "nothing"}`, said.trim()));
    });
    // A program that does not read ends before everything is written, which says nothing about its success.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
