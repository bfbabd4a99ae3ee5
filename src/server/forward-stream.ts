import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { Ds01Error } from "../util/errors.ts";

/** One port of a container that is reached through a WebSocket. */
export interface ForwardedPort {
  readonly port: number;
  /** Connects with the port; rejects where nothing listens. */
  connect(): Promise<Duplex>;
}

const closeChannel = 255;

/**
 * Kubernetes' port forwarding: two channels a port, one for data and one for the error that ended it, each of which
 * begins with the port's number in two bytes. v5 can also say that one side writes no more.
 */
export async function forwardPorts(
  webSocket: WebSocket,
  ports: readonly ForwardedPort[],
  onError: (error: unknown) => void,
): Promise<void> {
  const targets: Promise<Duplex>[] = [];
  const gone = new Promise<void>((resolve) => webSocket.once("close", () => resolve()));
  webSocket.on("error", onError);
  webSocket.on("message", (data: Buffer) => takeMessage(webSocket, targets, data));
  const ended = ports.map(async (forwarded, index) => {
    const [dataChannel, errorChannel] = [2 * index, 2 * index + 1];
    const number = Buffer.alloc(2);
    number.writeUInt16LE(forwarded.port);
    const target = forwarded.connect();
    // Whoever sends to it finds out as well.
    target.catch(() => undefined);
    targets[index] = target;
    try {
      await send(webSocket, dataChannel, number);
      await send(webSocket, errorChannel, number);
      const stream = await target;
      void gone.then(() => stream.destroy());
      for await (const chunk of stream as AsyncIterable<Buffer>) await send(webSocket, dataChannel, chunk);
    } catch (error) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      await send(webSocket, errorChannel, Buffer.from(reasonOf(error, onError)));
    }
    if (webSocket.protocol.startsWith("v5") && webSocket.readyState === webSocket.OPEN) {
      webSocket.send(Buffer.of(closeChannel, dataChannel));
    }
  });
  await Promise.all(ended);
  for (const target of targets) {
    // What was sent last is written before the connection ends.
    await target.then(untilWritten, () => undefined);
  }
  webSocket.close(1000);
  await gone;
}

/** What the client is told; what nobody expects is for the log. */
function reasonOf(error: unknown, onError: (error: unknown) => void): string {
  if (!(error instanceof Ds01Error)) {
    onError(error);
    return "the connection failed: the controller's log has the details";
  }
  return error.remedy === undefined ? error.message : `${error.message}. ${error.remedy}`;
}

/** A target that has ended its side may still be sent to; it is left when the client ends, too. */
async function untilWritten(stream: Duplex): Promise<void> {
  if (stream.destroyed || stream.writableFinished) return;
  await new Promise<void>((resolve) => stream.once("finish", resolve).once("close", resolve));
}

function takeMessage(webSocket: WebSocket, targets: readonly Promise<Duplex>[], data: Buffer): void {
  const [channel = 0, first = 0] = data;
  const isEnd = channel === closeChannel;
  const index = isEnd ? first : channel;
  // Only data comes from a client; nobody sends errors.
  const target = index % 2 === 0 ? targets[index / 2] : undefined;
  target?.then(
    (stream) => {
      if (isEnd) stream.end();
      else if (data.length > 1 && stream.writable && !stream.write(data.subarray(1)) && !webSocket.isPaused) {
        webSocket.pause();
        const goOn = (): void => {
          stream.off("drain", goOn).off("close", goOn);
          webSocket.resume();
        };
        stream.on("drain", goOn).on("close", goOn);
      }
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
