import type { Readable, Writable } from "node:stream";
import { PassThrough, Writable as WritableStream } from "node:stream";
import type { StatusObject } from "../api/status-error.ts";
import { Ds01Error } from "../util/errors.ts";
import { unreachable } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { queryText } from "./paths.ts";
import { errorOfStatus } from "./status.ts";
import { untilOpen } from "./until-open.ts";

/** Which streams of a process are wanted. */
export interface AttachRequest {
  readonly stdin?: boolean;
  readonly tty?: boolean;
}

export interface ExecRequest extends AttachRequest {
  readonly command: readonly string[];
}

/** A process that runs in a container. */
export interface RemoteProcess {
  /** Ending it closes the process's standard input. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Stays empty with a tty. */
  readonly stderr: Readable;
  resize(columns: number, rows: number): void;
  /** Exit code, after both streams have ended; UnreachableError when the connection was lost before. */
  readonly exitCode: Promise<number>;
  /** Closes the connection without waiting for the process. */
  close(): void;
}

const protocol = "v5.channel.k8s.io";
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Connects with a process over a WebSocket at `path`; throws the typed error of a refused upgrade. */
export async function connectProcess(
  connection: Connection,
  path: string,
  request: ExecRequest | AttachRequest,
): Promise<RemoteProcess> {
  const { WebSocket } = await import("ws");
  const query = queryText({
    command: "command" in request ? request.command : undefined,
    stdin: request.stdin ?? false,
    stdout: true,
    stderr: request.tty !== true,
    tty: request.tty ?? false,
  });
  const socket = new WebSocket(`ws+unix://${connection.socketPath}:${path}${query}`, protocol, {
    perMessageDeflate: false,
    headers: { "user-agent": connection.userAgent },
  });
  socket.binaryType = "nodebuffer";

  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let outcome: StatusObject | undefined;
  const exitCode = new Promise<number>((resolve, reject) => {
    socket.on("message", (data: Buffer) => {
      const bytes = data.subarray(1);
      if (data[0] === channel.error) outcome = JSON.parse(bytes.toString("utf8")) as StatusObject;
      const target = data[0] === channel.stdout ? stdout : data[0] === channel.stderr ? stderr : undefined;
      if (target !== undefined && bytes.length > 0 && !target.write(bytes) && !socket.isPaused) {
        socket.pause();
        target.once("drain", () => socket.resume());
      }
    });
    socket.once("close", () => {
      stdout.end();
      stderr.end();
      try {
        resolve(exitCodeOf(connection, outcome));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  // Whoever waits gets the rejection; nobody waiting must not end the process.
  exitCode.catch(() => undefined);

  await untilOpen(socket, connection);

  const stdin = new WritableStream({
    write(chunk: Buffer, _encoding, done) {
      socket.send(Buffer.concat([Buffer.of(channel.stdin), chunk]), (error) => done(error ?? null));
    },
    final(done) {
      if (socket.readyState === socket.OPEN) socket.send(Buffer.of(channel.close, channel.stdin));
      done();
    },
  });
  // A process that ends before it has read its input is no failure; exitCode says how it ended.
  stdin.on("error", () => undefined);
  return {
    stdin,
    stdout,
    stderr,
    exitCode,
    resize: (columns, rows) => {
      const size = Buffer.from(JSON.stringify({ Width: columns, Height: rows }));
      if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(channel.resize), size]));
    },
    close: () => socket.close(),
  };
}

function exitCodeOf(connection: Connection, outcome: StatusObject | undefined): number {
  if (outcome === undefined)
    throw unreachable(connection, Object.assign(new Error("closed"), { code: "ECONNRESET" }));
  if (outcome.status === "Success") return 0;
  const exit = outcome.details?.causes?.find((cause) => cause.reason === "ExitCode");
  if (exit !== undefined) return Number(exit.message);
  if (outcome.reason !== undefined) throw errorOfStatus(outcome);
  throw new Ds01Error({ reason: "ExecFailed", message: outcome.message ?? "the command could not be run" });
}
