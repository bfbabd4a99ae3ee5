import { spawn } from "node:child_process";
import { endingAfter } from "./ending-after.ts";
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
 * in time; what it has started ends with it, and what got away from it is not waited for.
 */
export async function runProgram({ command, input, timeoutMs, ...call }: ProgramCall): Promise<void> {
  const [program = "", ...words] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      stdio: ["pipe", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], LANG: "C.UTF-8", ...call.environment },
      detached: true,
    });
    let said = "";
    const settle = (code: number | null, endedBy: string | null): void => {
      ending.stop();
      if (code === 0) resolve();
      else reject(new ProgramFailed(`${program} ended with ${code ?? endedBy ?? "nothing"}`, said.trim()));
    };
    const end = (): void => {
      endGroup(child.pid);
      // Whatever has left the group may hold the pipes for ever.
      child.stdin.destroy();
      child.stderr.destroy();
      settle(child.exitCode, child.signalCode ?? "SIGKILL");
    };
    const ending = endingAfter(timeoutMs, call.signal);
    ending.signal.addEventListener("abort", end, { once: true });
    child.stderr.on("data", (chunk: Buffer) => {
      if (said.length < mostSaid) said = (said + chunk.toString("utf8")).slice(0, mostSaid);
    });
    child.on("error", (error) => {
      ending.stop();
      reject(error);
    });
    child.on("close", settle);
    // A program that does not read ends before everything is written, which says nothing about its success.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    if (ending.signal.aborted) end();
  });
}

/** Ends a program with its process group. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It has ended meanwhile, or is another user's by now: to throw here would end the controller.
    if (!["ESRCH", "EPERM"].includes(errorCode(error))) throw error;
  }
}
