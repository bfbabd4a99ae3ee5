import { spawn } from "node:child_process";
import { errorCode } from "../error-code.ts";
import { GitFailure } from "./git-failure.ts";

/** More output than this no call of ds01 gives, in bytes. */
const maximumOutputBytes = 64 * 1024 ** 2;
const maximumComplaintBytes = 64 * 1024;

/** Programs that are run, and the Debian package of each. */
const packages = { git: "git", gpg: "gnupg", "ssh-keygen": "openssh-client" } as const;

export interface GitCall {
  /** git, where nothing is said. */
  readonly program?: keyof typeof packages;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly input?: string;
  /** Ends Git and whatever it has started. */
  readonly signal: AbortSignal;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the git program, or one that checks signatures, never through a shell. It has a process group of its own, so that
 * ssh and the helpers for http end with it. Rejects with the signal's reason, or GitFailure GitMissing or
 * SignatureProgramMissing; any exit code is a result.
 */
export async function runGit(call: GitCall): Promise<GitResult> {
  call.signal.throwIfAborted();
  const { program = "git" } = call;
  const child = spawn(program, call.args, {
    cwd: call.directory,
    env: call.environment,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const endAll = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // The group has ended meanwhile.
      if (errorCode(error) !== "ESRCH") throw error;
    }
  };
  call.signal.addEventListener("abort", endAll, { once: true });
  try {
    const [code, stdout, stderr] = await Promise.all([
      exitOf(child, program),
      collect(child.stdout, maximumOutputBytes, endAll),
      collect(child.stderr, maximumComplaintBytes, () => undefined),
      write(child.stdin, call.input ?? ""),
    ]);
    call.signal.throwIfAborted();
    return { code, stdout, stderr };
  } finally {
    call.signal.removeEventListener("abort", endAll);
  }
}

async function exitOf(
  child: ReturnType<typeof spawn>,
  program: NonNullable<GitCall["program"]>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      const reason = program === "git" ? "GitMissing" : "SignatureProgramMissing";
      const message = `there is no program ${program}`;
      const remedy = `install it (apt-get install ${packages[program]})`;
      reject(errorCode(error) === "ENOENT" ? new GitFailure({ reason, message, remedy }) : error);
    });
    child.once("close", (code) => resolve(code ?? 128));
  });
}

async function collect(
  stream: NodeJS.ReadableStream,
  maximumBytes: number,
  onTooMuch: () => void,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maximumBytes) chunks.push(chunk);
    else onTooMuch();
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    // Whoever does not read its input has ended, and its exit code says why.
    stream.once("error", () => resolve());
    stream.end(text, () => resolve());
  });
}
