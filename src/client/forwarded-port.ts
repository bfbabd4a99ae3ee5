import { Duplex } from "node:stream";
import { Ds01Error } from "../util/errors.ts";
import type { Connection } from "./connection.ts";
import { untilOpen } from "./until-open.ts";

const protocol = "v5.channel.k8s.io";
const channel = { data: 0, error: 1, close: 255 } as const;

/** Opens one connection to a port over a WebSocket at `path`; throws the typed error of a refused upgrade. */
export async function connectPort(connection: Connection, path: string): Promise<Duplex> {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(`ws+unix://${connection.socketPath}:${path}`, protocol, {
    perMessageDeflate: false,
    headers: { "user-agent": connection.userAgent },
  });
  socket.binaryType = "nodebuffer";
  const stream = new Duplex({
    read: () => void (socket.isPaused && socket.resume()),
    write(chunk: Buffer, _encoding, done) {
      socket.send(Buffer.concat([Buffer.of(channel.data), chunk]), (error) => done(error ?? null));
    },
    final(done) {
      if (socket.readyState === socket.OPEN) socket.send(Buffer.of(channel.close, channel.data));
      done();
    },
    destroy(error, done) {
      socket.terminate();
      done(error);
    },
  });
  // It may end before anybody reads it; who does is told then.
  stream.on("error", () => undefined);
  const begun = new Set<number>();
  const end = (): void => {
    if (!stream.readableEnded) stream.push(null);
  };
  let isEnded = false;
  socket.on("message", (data: Buffer) => {
    const [number = -1] = data;
    if (number === channel.close) {
      isEnded = true;
      end();
    } else if (!begun.has(number)) begun.add(number);
    else if (number === channel.error) {
      stream.destroy(new Ds01Error({ reason: "PortForwardFailed", message: data.toString("utf8", 1) }));
    } else if (!isEnded && !stream.push(data.subarray(1))) socket.pause();
  });
  socket.once("close", () => {
    if (isEnded) return;
    isEnded = true;
    end();
  });
  await untilOpen(socket, connection);
  return stream;
}
