import type { Readable } from "node:stream";
import type { WebSocket } from "ws";
import type { ExecSession } from "../ports/container-access.ts";
import { messageOf } from "../util/errors.ts";

/** While nothing is read of a connection, only writing to it shows that the client has gone. */
const pingMs = 5000;

/** First byte of every message: which stream it belongs to. */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Connects a process with a WebSocket until it ends or the client goes. */
export async function runProcess(
  webSocket: WebSocket,
  session: ExecSession,
  onError: (error: unknown) => void,
): Promise<void> {
  webSocket.on("message", (data) => takeMessage(webSocket, session, toBuffer(data), onError));
  webSocket.on("error", onError);
  // A process may end before it has read its input.
  session.stdin.on("error", () => webSocket.resume());
  const pinging = setInterval(() => webSocket.ping(), pingMs);
  webSocket.once("close", () => {
    clearInterval(pinging);
    // Nobody is left to read or type: the command sees the end of its input and a closed terminal.
    leaveProcess(session);
  });
  try {
    await Promise.all([
      pump(webSocket, channel.stdout, session.stdout),
      session.stderr === null ? undefined : pump(webSocket, channel.stderr, session.stderr),
    ]);
    const exitCode = await session.wait();
    await send(webSocket, channel.error, Buffer.from(JSON.stringify(exitStatus(exitCode))));
    webSocket.close(1000);
  } catch (error) {
    if (webSocket.readyState !== webSocket.OPEN) return;
    onError(error);
    const status = { metadata: {}, status: "Failure", reason: "InternalError", message: messageOf(error) };
    await send(webSocket, channel.error, Buffer.from(JSON.stringify(status)));
    webSocket.close(1011);
  }
}

/** Lets go of the streams of a process that nobody reads any more. */
export function leaveProcess(session: ExecSession): void {
  session.stdin.destroy();
  session.stdout.destroy();
  session.stderr?.destroy();
}

/** Sends a stream as it comes and reads on only when that is sent, so that a slow client slows the command. */
async function pump(webSocket: WebSocket, target: number, stream: Readable): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) await send(webSocket, target, chunk);
}

async function send(webSocket: WebSocket, target: number, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    webSocket.send(Buffer.concat([Buffer.of(target), bytes]), (error) => {
      // ws says null as well as undefined where all went well.
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

function takeMessage(
  webSocket: WebSocket,
  session: ExecSession,
  message: Buffer,
  onError: (error: unknown) => void,
): void {
  const bytes = message.subarray(1);
  switch (message[0]) {
    case channel.stdin:
      // What has been read already still comes after a pause.
      if (bytes.length > 0 && session.stdin.writable && !session.stdin.write(bytes) && !webSocket.isPaused) {
        webSocket.pause();
        session.stdin.once("drain", () => webSocket.resume());
      }
      return;
    case channel.close:
      if (bytes[0] === channel.stdin) session.stdin.end();
      return;
    case channel.resize: {
      const size = sizeOf(bytes.toString("utf8"));
      if (size !== undefined) session.resize(size.columns, size.rows).catch(onError);
      return;
    }
    default:
  }
}

/** What a terminal says of its size; undefined for anything else. */
export function sizeOf(text: string): { readonly columns: number; readonly rows: number } | undefined {
  const width = /"Width"\s*:\s*(\d{1,5})/i.exec(text)?.[1];
  const height = /"Height"\s*:\s*(\d{1,5})/i.exec(text)?.[1];
  return width === undefined || height === undefined
    ? undefined
    : { columns: Number(width), rows: Number(height) };
}

/** How a process ended, as Kubernetes words it. */
export function exitStatus(exitCode: number): object {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    reason: "NonZeroExitCode",
    message: `command terminated with non-zero exit code: ${exitCode}`,
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
