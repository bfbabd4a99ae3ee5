import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { Client, ObjectTarget } from "../client/client.ts";
import { Ds01Error, isCut } from "../util/errors.ts";
import { printable } from "./terminal.ts";

/** How a command in a container ended and what it wrote. */
export interface RemoteResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A script for `sh` and what it gets as `$1`, `$2` and so on. */
export interface RemoteScript {
  readonly script: string;
  readonly values: readonly string[];
}

/** A container to run scripts in, as its user. */
export interface RemotePlace {
  readonly client: Client;
  readonly target: ObjectTarget;
}

/** Runs a script with `input`; what it writes is gathered, so only for short answers. */
export async function runScript(
  { client, target }: RemotePlace,
  { script, values }: RemoteScript,
  input: AsyncIterable<Buffer> | null = null,
): Promise<RemoteResult> {
  const command = commandOf({ script, values });
  const remote = await client.exec(target, { command, stdin: input !== null });
  const fed =
    input === null
      ? Promise.resolve()
      : // One that ends before it has read everything says why; what feeds it may fail for reasons of its own.
        feed(input, remote.stdin);
  try {
    const [stdout, stderr] = await Promise.all([text(remote.stdout), text(remote.stderr)]);
    const code = await remote.exitCode;
    refuseWithoutShell(code, stdout + stderr);
    await fed;
    return { code, stdout, stderr };
  } finally {
    remote.close();
  }
}

/** What is to be run for a script. */
export function commandOf({ script, values }: RemoteScript): readonly string[] {
  return ["sh", "-c", script, "sh", ...values];
}

async function feed(input: AsyncIterable<Buffer>, stdin: NodeJS.WritableStream): Promise<void> {
  try {
    await pipeline(Readable.from(input, { objectMode: false }), stdin);
  } catch (error) {
    if (!isCut(error)) throw error;
  }
}

/** Throws where the engine found no `sh` in the image. */
export function refuseWithoutShell(code: number, output: string): void {
  if ((code !== 126 && code !== 127) || !/\bsh\b.*(?:no such file|not found)/is.test(output)) return;
  throw new Ds01Error({
    reason: "NoShell",
    message: "the image of this container has no sh, which this needs",
    remedy: "Use a mount: spec.volumes.",
  });
}

/** Throws what a script wrote on its standard error where it failed. */
export function requireSuccess(what: string, { code, stderr }: RemoteResult): void {
  if (code === 0) return;
  const said = printable(stderr.trim());
  throw new Ds01Error({
    reason: "CommandFailed",
    message: `${what}: ${said === "" ? `exit code ${code}` : said}`,
  });
}
