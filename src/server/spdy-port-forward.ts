import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Ds01Error } from "../util/errors.ts";
import { serveSpdy } from "./spdy/session.ts";
import type { SpdyStream } from "./spdy/session.ts";

/** How a port of the container is reached. */
export type DialPort = (port: number) => Promise<Duplex>;

/**
 * kubectl's port forwarding (protocol `portforward.k8s.io`): for each connection the client opens two streams with the
 * same requestID, one for data and one for the error that ended it. Resolves when the client has gone.
 */
export async function forwardOverSpdy(
  transport: Duplex,
  dial: DialPort,
  onError: (error: unknown) => void,
): Promise<void> {
  const waiting = new Map<string, SpdyStream>();
  await serveSpdy(transport, (stream) => {
    const { streamtype: type, port = "", requestid = port } = stream.headers;
    const key = `${requestid} ${type === "data" ? "error" : "data"}`;
    const other = waiting.get(key);
    if (other === undefined) {
      const own = `${requestid} ${type}`;
      waiting.set(own, stream);
      stream.once("close", () => waiting.delete(own));
      return;
    }
    waiting.delete(key);
    const [data, error] = type === "data" ? [stream, other] : [other, stream];
    void forwardOne(data, error, { port: Number(port), dial, onError });
  });
}

interface Forwarding {
  readonly port: number;
  readonly dial: DialPort;
  readonly onError: (error: unknown) => void;
}

async function forwardOne(
  data: SpdyStream,
  error: SpdyStream,
  { port, dial, onError }: Forwarding,
): Promise<void> {
  // Nothing comes on it; it is read so that its end is seen.
  error.resume();
  try {
    const target = await dial(port);
    // One that has ended its side takes no more, which is no failure of what it has sent.
    data.pipe(target.on("error", () => data.resume()));
    data.once("close", () => target.destroy());
    if (data.destroyed) target.destroy();
    await pipeline(target, data);
    error.end();
  } catch (failure) {
    // Either side may leave when it likes; only what never began is worth a word.
    if (failure instanceof Ds01Error) error.end(failure.message);
    else error.end();
    if (!isLeaving(failure) && !(failure instanceof Ds01Error)) onError(failure);
    data.destroy();
  }
}

const leavingCodes: readonly unknown[] = [
  "ECONNRESET",
  "EPIPE",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_DESTROYED",
];

function isLeaving(failure: unknown): boolean {
  return failure instanceof Error && "code" in failure && leavingCodes.includes(failure.code);
}
