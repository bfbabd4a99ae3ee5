import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { Ds01Error, messageWithRemedy } from "../util/errors.ts";
import { SharedPause } from "./shared-pause.ts";

/** One port of a container that is reached through a WebSocket. */
export interface ForwardedPort {
  readonly port: number;
  /** Connects with the port; rejects where nothing listens. */
  connect(): Promise<Duplex>;
}

/** The other end of a forwarded port, while it connects and afterwards. */
interface Target {
  readonly connected: Promise<Duplex>;
  isSettled: boolean;
}

const closeChannel = 255;

/**
 * Kubernetes' port forwarding: two channels a port, one for data and one for the error that ended it, each of which
 * begins with the port's number in two bytes. v5 can also say that one side writes no more. Of what a client sends
 * before a port is connected, or faster than it reads, no more is kept than one read of the WebSocket brings.
 */
export async function forwardPorts(
  webSocket: WebSocket,
  ports: readonly ForwardedPort[],
  onError: (error: unknown) => void,
): Promise<void> {
  const gone = new Promise<void>((resolve) => webSocket.once("close", () => resolve()));
  const pause = new SharedPause(webSocket);
  webSocket.on("error", onError);
  const targets = ports.map((forwarded) => connectTarget(forwarded, pause, gone));
  webSocket.on("message", (data: Buffer) => takeMessage(pause, targets, data));
  const ended = targets.map(async ({ connected }, index) => {
    const [dataChannel, errorChannel] = [2 * index, 2 * index + 1];
    const number = Buffer.alloc(2);
    number.writeUInt16LE(ports[index]?.port ?? 0);
    try {
      await send(webSocket, dataChannel, number);
      await send(webSocket, errorChannel, number);
      for await (const chunk of (await connected) as AsyncIterable<Buffer>) {
        await send(webSocket, dataChannel, chunk);
      }
    } catch (error) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      // Fails as well where the error was that of a client that goes: the connection's close comes after it.
      await send(webSocket, errorChannel, Buffer.from(reasonOf(error, onError))).catch(onError);
    }
    if (webSocket.protocol.startsWith("v5") && webSocket.readyState === webSocket.OPEN) {
      webSocket.send(Buffer.of(closeChannel, dataChannel));
    }
  });
  await Promise.all(ended);
  for (const { connected } of targets) {
    // What was sent last is written before the connection ends.
    await connected.then(untilWritten, () => undefined);
  }
  webSocket.close(1000);
  await gone;
}

/** Connects; the connection ends with the client, also with one that is gone before it is made. */
function connectTarget(forwarded: ForwardedPort, pause: SharedPause, gone: Promise<void>): Target {
  const target: Target = { connected: forwarded.connect(), isSettled: false };
  const settle = (): void => {
    target.isSettled = true;
    pause.release(target);
  };
  target.connected.then((stream) => {
    const goOn = (): void => pause.release(target);
    // A stream that is ended before it drains says only that it has finished.
    stream.on("drain", goOn).on("finish", goOn).on("close", goOn);
    void gone.then(() => stream.destroy());
    settle();
  }, settle);
  return target;
}

/** What the client is told; what nobody expects is for the log. */
function reasonOf(error: unknown, onError: (error: unknown) => void): string {
  if (!(error instanceof Ds01Error)) {
    onError(error);
    return "the connection failed: the controller's log has the details";
  }
  return messageWithRemedy(error);
}

/** A target that has ended its side may still be sent to; it is left when the client ends, too. */
async function untilWritten(stream: Duplex): Promise<void> {
  if (stream.destroyed || stream.writableFinished) return;
  await new Promise<void>((resolve) => stream.once("finish", resolve).once("close", resolve));
}

function takeMessage(pause: SharedPause, targets: readonly Target[], data: Buffer): void {
  const [channel = 0, first = 0] = data;
  const isEnd = channel === closeChannel;
  const index = isEnd ? first : channel;
  // Only data comes from a client; nobody sends errors.
  const target = index % 2 === 0 ? targets[index / 2] : undefined;
  if (target === undefined) return;
  // Every message waits for the connection; pings are still answered until the first one does.
  if (!target.isSettled) pause.hold(target);
  target.connected.then(
    (stream) => {
      if (isEnd) stream.end();
      else if (data.length > 1 && stream.writable && !stream.write(data.subarray(1))) pause.hold(target);
    },
    () => undefined,
  );
}

async function send(webSocket: WebSocket, channel: number, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    webSocket.send(Buffer.concat([Buffer.of(channel), bytes]), (error) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}
