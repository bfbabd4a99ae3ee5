import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type BreakerOptions, CircuitBreaker } from "./circuit-breaker.ts";
import { NvidiaSmiError } from "./nvidia-smi-error.ts";
import { Turns } from "../../util/turns.ts";

/** All optional; the defaults are those of DESIGN section 5. */
export interface NvidiaSmiOptions {
  /** Path of nvidia-smi; absent: the one on PATH. */
  readonly program?: string;
  readonly deadlineMs?: number;
  readonly breaker?: Partial<BreakerOptions>;
}

type Failure = Pick<NvidiaSmiError, "reason" | "message" | "output">;

/** A child in the driver outlives SIGKILL until the driver lets go. */
const killGraceMs = 1_000;
const largestOutputBytes = 16 * 1024 ** 2;
/** 14 only warns about the infoROM; the answer is whole. */
const goodExitCodes: readonly (number | null)[] = [0, 14];

/** Runs nvidia-smi, one child at a time, each with a deadline; pauses while it keeps failing. */
export class NvidiaSmi {
  readonly #program: string;
  readonly #deadlineMs: number;
  readonly #breaker: CircuitBreaker;
  readonly #queue = new Turns(1);
  /** A child that did not even end by SIGKILL: the driver has it. */
  #stuck: ChildProcess | null = null;
  /** Its words only: an error holds the frames it was made in, and by them the child and its pipes. */
  #lastFailure: Failure | null = null;

  constructor(options: NvidiaSmiOptions = {}) {
    this.#program = options.program ?? "nvidia-smi";
    this.#deadlineMs = options.deadlineMs ?? 10_000;
    this.#breaker = new CircuitBreaker({
      failuresToOpen: 3,
      pauseMs: 10_000,
      longestPauseMs: 60_000,
      now: () => performance.now(),
      ...options.breaker,
    });
  }

  /** What it prints on stdout; rejects with NvidiaSmiError. Calls wait for those before them. */
  run(words: readonly string[]): Promise<string> {
    return this.#queue.take(() => this.#attempt(words));
  }

  async #attempt(words: readonly string[]): Promise<string> {
    if (this.#lastFailure !== null && this.#breaker.waitMs() > 0) {
      const { reason, message, output } = this.#lastFailure;
      throw new NvidiaSmiError(reason, `${message}; asked again in a moment`, output);
    }
    try {
      const output = await this.#spawn(words);
      this.#breaker.succeeded();
      this.#lastFailure = null;
      return output;
    } catch (error) {
      this.#breaker.failed();
      this.#lastFailure = error instanceof NvidiaSmiError ? wordsOf(error) : null;
      throw error;
    }
  }

  #spawn(words: readonly string[]): Promise<string> {
    if (this.#stuck !== null && this.#stuck.exitCode === null && this.#stuck.signalCode === null) {
      const message = `nvidia-smi hangs in the driver (pid ${this.#stuck.pid ?? "?"} cannot be killed)`;
      return Promise.reject(new NvidiaSmiError("NvidiaSmiTimeout", message));
    }
    this.#stuck = null;
    return new Promise((resolve, reject) => {
      const child = spawn(this.#program, words, {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, LC_ALL: "C" },
      });
      const call = `nvidia-smi ${words[0]?.replace(/=.*$/, "") ?? ""}`;
      const output = collect(child);
      let hasGivenUp = false;
      const timer = setTimeout(() => {
        hasGivenUp = true;
        this.#giveUp(child, call).catch(reject);
      }, this.#deadlineMs);
      child.on("error", (error) => {
        clearTimeout(timer);
        reject(new NvidiaSmiError("NvidiaSmiMissing", `${this.#program} cannot be run: ${error.message}`));
      });
      child.on("close", (code, signal) => {
        if (hasGivenUp) return;
        clearTimeout(timer);
        const text = output();
        if (goodExitCodes.includes(code)) resolve(text.stdout);
        else reject(failed(call, code ?? signal ?? "?", text));
      });
    });
  }

  /** Ends the child and waits a moment for that, so that the next one does not run beside it. */
  async #giveUp(child: ChildProcess, call: string): Promise<never> {
    const hasExited = once(child, "exit");
    child.kill("SIGKILL");
    child.stdout?.destroy();
    child.stderr?.destroy();
    const isGone = await Promise.race([
      hasExited.then(
        () => true,
        () => false,
      ),
      sleep(killGraceMs, false, { ref: false }),
    ]);
    if (!isGone) this.#stuck = child;
    const message = `${call} did not answer within ${this.#deadlineMs / 1000} s`;
    throw new NvidiaSmiError("NvidiaSmiTimeout", message);
  }
}

function wordsOf({ reason, message, output }: NvidiaSmiError): Failure {
  return { reason, message, output };
}

function collect(child: ChildProcess): () => { readonly stdout: string; readonly stderr: string } {
  const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  let size = 0;
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > largestOutputBytes) child.kill("SIGKILL");
      else chunks[stream].push(chunk);
    });
  }
  return () => ({
    stdout: Buffer.concat(chunks.stdout).toString("utf8"),
    stderr: Buffer.concat(chunks.stderr).toString("utf8"),
  });
}

function failed(
  call: string,
  code: number | string,
  text: { readonly stdout: string; readonly stderr: string },
): NvidiaSmiError {
  const said = (text.stdout.trim() || text.stderr.trim()).split("\n").slice(-3).join(" ").slice(0, 300);
  const message = `${call} ended with ${code}${said === "" ? "" : `: ${said}`}`;
  return new NvidiaSmiError("NvidiaSmiFailed", message, `${text.stdout}\n${text.stderr}`);
}
