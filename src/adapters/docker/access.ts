import { PassThrough, Readable } from "node:stream";
import type { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { ContainerAccess, ExecOptions, ExecSession, LogOptions } from "../../ports/container-access.ts";
import { Ds01Error, messageOf } from "../../util/errors.ts";
import { connectDocker } from "./connect.ts";
import { demultiplex } from "./demultiplex.ts";
import { engineClient } from "./engine-client.ts";
import type { EngineClient } from "./engine-client.ts";

const deadlineMs = 15_000;
const exitCodePoll = { everyMs: 20, forMs: 5_000 } as const;

/** Logs and exec of the engine at `dockerHost`; errors as ContainerRuntime has them. */
export function dockerAccess(options: { readonly dockerHost: string }): ContainerAccess {
  const client = engineClient(connectDocker(options.dockerHost));
  return {
    logs: (idOrName, logOptions, signal) => openLogs(client, idOrName, logOptions, signal),
    exec: (idOrName, execOptions) => startExec(client, idOrName, execOptions),
  };
}

async function openLogs(
  client: EngineClient,
  idOrName: string,
  { follow, tail, timestamps, sinceSeconds }: LogOptions,
  signal: AbortSignal,
): Promise<Readable> {
  const what = `read the logs of ${idOrName}`;
  const path = `/containers/${encodeURIComponent(idOrName)}`;
  const json = await client.request({ what, method: "GET", path: `${path}/json`, deadlineMs, signal });
  const stream = await client.open({
    what,
    method: "GET",
    path: `${path}/logs`,
    query: {
      stdout: true,
      stderr: true,
      follow,
      timestamps,
      tail: tail ?? "all",
      ...(sinceSeconds === null ? {} : { since: (Date.now() / 1000 - sinceSeconds).toFixed(3) }),
    },
    deadlineMs,
    signal,
  });
  if ((json as { Config: { Tty: boolean } }).Config.Tty) return stream;
  return Readable.from(bytesOf(stream), { objectMode: false, signal });
}

async function* bytesOf(stream: Readable): AsyncGenerator<Buffer, void, void> {
  for await (const piece of demultiplex(stream)) yield piece.bytes;
}

async function startExec(client: EngineClient, idOrName: string, options: ExecOptions): Promise<ExecSession> {
  const { command, stdin, tty } = options;
  const what = `run ${command[0] ?? "nothing"} in ${idOrName}`;
  const created = await client.request({
    what,
    method: "POST",
    path: `/containers/${encodeURIComponent(idOrName)}/exec`,
    body: { Cmd: command, AttachStdin: stdin, AttachStdout: true, AttachStderr: true, Tty: tty },
    deadlineMs,
  });
  const path = `/exec/${(created as { Id: string }).Id}`;
  const body = { Detach: false, Tty: tty };
  const connection = await client.hijack({ what, method: "POST", path: `${path}/start`, body, deadlineMs });
  const ended = endOf(connection);
  return {
    stdin: connection,
    ...(tty ? { stdout: connection, stderr: null } : separate(connection)),
    resize: async (columns, rows) => {
      const query = { w: columns, h: rows };
      await client.request({
        what: `resize ${what}`,
        method: "POST",
        path: `${path}/resize`,
        query,
        deadlineMs,
      });
    },
    wait: async () => {
      await ended;
      return exitCodeOf(client, what, path);
    },
  };
}

/** Resolves at the end of what comes from the engine, however it came about. */
async function endOf(connection: Duplex): Promise<void> {
  try {
    await finished(connection, { writable: false });
  } catch (error) {
    // A connection that breaks off has ended as well; the exit code tells whether the process did.
    connection.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
}

/** Both outputs end with the connection, also with one that breaks off: how it ended is for wait to say. */
function separate(connection: Duplex): { stdout: Readable; stderr: Readable } {
  const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
  const pump = async (): Promise<void> => {
    for await (const { to, bytes } of demultiplex(connection)) {
      const output = outputs[to];
      if (!output.destroyed && !output.write(bytes)) await drainOrClose(output);
    }
  };
  const end = (): void => {
    connection.destroy();
    for (const output of Object.values(outputs)) output.end();
  };
  pump().then(end, end);
  return outputs;
}

function drainOrClose(output: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      output.off("drain", done).off("close", done);
      resolve();
    };
    output.on("drain", done).on("close", done);
  });
}

async function exitCodeOf(client: EngineClient, what: string, path: string): Promise<number> {
  const until = performance.now() + exitCodePoll.forMs;
  for (;;) {
    const json = await client.request({ what, method: "GET", path: `${path}/json`, deadlineMs });
    const { Running: running, ExitCode: exitCode } = json as { Running: boolean; ExitCode: number | null };
    if (!running && exitCode !== null) return exitCode;
    if (performance.now() >= until) break;
    await delay(exitCodePoll.everyMs);
  }
  const message = `cannot tell how it ended: ${what}: its output ended, the process goes on`;
  throw new Ds01Error({ reason: "ExecStillRunning", message });
}
