import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { onTestFinished } from "vitest";
import type { InputStream, OutputStream } from "../../src/cli/context.ts";
import { runCli } from "../../src/cli/run-cli.ts";

/** How a command line ended and what it wrote. */
export interface Ds01Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command line is run with. */
export interface Ds01Surroundings {
  readonly socketPath: string;
  readonly namespace?: string;
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs one `ds01` command line in this process, as its main program would. */
export async function runDs01(line: readonly string[], around: Ds01Surroundings): Promise<Ds01Result> {
  const stdout = new TextSink();
  const stderr = new TextSink();
  const code = await runCli(line, {
    environment: environmentOf(around),
    stdin: Readable.from(around.stdin === undefined ? [] : [around.stdin]) as InputStream,
    stdout: stdout as OutputStream,
    stderr: stderr as OutputStream,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** A `ds01` process that goes on (watch, follow); it ends with the test. */
export class Ds01Process {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  /** All that it wrote has been read by then, which its end alone does not mean. */
  readonly #closed: Promise<number | string>;

  constructor(line: readonly string[], around: Ds01Surroundings) {
    const main = join(import.meta.dirname, "../../src/cli/main.ts");
    this.child = spawn(process.execPath, ["--import", "tsx", main, ...line], {
      env: { ...process.env, ...environmentOf(around) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#closed = new Promise((resolve) =>
      this.child.once("close", (code, signal) => resolve(code ?? signal ?? -1)),
    );
    onTestFinished(() => void this.child.kill("SIGKILL"));
  }

  /** Exit code, or the name of the signal that ended it. */
  async exit(): Promise<number | string> {
    return this.#closed;
  }
}

class TextSink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

function environmentOf({ socketPath, namespace, environment }: Ds01Surroundings): Record<string, string> {
  return { DS01_SOCKET: socketPath, DS01_NAMESPACE: namespace ?? "alice", ...environment };
}
