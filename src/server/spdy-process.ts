import type { Duplex, Readable } from "node:stream";
import { finished } from "node:stream/promises";
import type { ExecSession } from "../ports/container-access.ts";
import { messageOf } from "../util/errors.ts";
import { exitStatus, leaveProcess, sizeOf } from "./process-stream.ts";
import { serveSpdy } from "./spdy/session.ts";
import type { SpdyStream } from "./spdy/session.ts";

/** Which streams a client opens beside the one for the error. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/**
 * Connects a process with a client that has a stream for each of its inputs and outputs (protocol `v4.channel.k8s.io`),
 * as kubectl up to 1.29 does, until it ends or the client goes.
 */
export async function runProcessOverSpdy(
  transport: Duplex,
  wanted: WantedStreams,
  session: ExecSession,
  onError: (error: unknown) => void,
): Promise<void> {
  const streams = new Map<string, SpdyStream>();
  const served = new Promise<void>((resolve, reject) => {
    const names = ["error", ...namesOf(wanted)];
    const client = serveSpdy(transport, (stream) => {
      streams.set(stream.headers["streamtype"] ?? "", stream);
      if (names.every((name) => streams.has(name))) {
        run(streams, session, onError).then(() => transport.end(), reject);
      }
    });
    client.then(resolve, reject);
  });
  try {
    await served;
  } finally {
    // Nobody is left to read or type.
    leaveProcess(session);
    transport.destroy();
  }
}

function namesOf({ tty, ...pipes }: WantedStreams): readonly string[] {
  const names = (["stdin", "stdout", "stderr"] as const).filter((name) => pipes[name]);
  // A terminal has one output.
  return tty ? [...names.filter((name) => name !== "stderr"), "resize"] : names;
}

async function run(
  streams: ReadonlyMap<string, SpdyStream>,
  session: ExecSession,
  onError: (error: unknown) => void,
): Promise<void> {
  // A process may end before it has read its input.
  session.stdin.on("error", () => streams.get("stdin")?.resume());
  streams.get("stdin")?.pipe(session.stdin);
  streams.get("resize")?.on("data", (bytes: Buffer) => {
    const size = sizeOf(bytes.toString("utf8"));
    if (size !== undefined) session.resize(size.columns, size.rows).catch(onError);
  });
  const status = await statusOf(streams, session, onError);
  const error = streams.get("error");
  error?.end(JSON.stringify(status));
  if (error !== undefined) await finished(error, { readable: false });
}

async function statusOf(
  streams: ReadonlyMap<string, SpdyStream>,
  session: ExecSession,
  onError: (error: unknown) => void,
): Promise<object> {
  try {
    await Promise.all([
      pump(session.stdout, streams.get("stdout")),
      session.stderr === null ? undefined : pump(session.stderr, streams.get("stderr")),
    ]);
    return exitStatus(await session.wait());
  } catch (error) {
    onError(error);
    return { metadata: {}, status: "Failure", reason: "InternalError", message: messageOf(error) };
  }
}

/** Where the client wants none of it, it is read all the same: a process whose output is full stands still. */
async function pump(source: Readable, target: SpdyStream | undefined): Promise<void> {
  if (target === undefined) source.resume();
  else source.pipe(target);
  await finished(source, { writable: false });
  if (target !== undefined) await finished(target, { readable: false });
}
