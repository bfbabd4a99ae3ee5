import { Duplex } from "node:stream";
import { controlFrame, dataFrame, finFlag, frameTypes, numbers, readFrames } from "./frames.ts";
import type { Frame } from "./frames.ts";
import { emptyHeaderBlock, HeaderReader } from "./header-blocks.ts";
import type { Headers } from "./header-blocks.ts";

/** Open at a time in one session; two for each forwarded connection. */
const streamLimit = 512;
/** Of one write; larger ones are cut, so that no stream keeps others waiting for long. */
const writtenAtOnce = 32 * 1024;
/** A client that has gone while a stream takes no more shows only in what is sent to it. */
const pingMs = 5000;
const refused = 3;
const cancelled = 5;

/** Sends a frame; `done` when the connection has taken it. */
type SendFrame = (frame: Buffer, done: (error?: Error | null) => void) => void;

/** One stream of a session: what the client writes is read here, and the other way round. */
export class SpdyStream extends Duplex {
  readonly headers: Headers;
  readonly #id: number;
  readonly #send: SendFrame;
  #resume: (() => void) | undefined;

  constructor(id: number, headers: Headers, send: SendFrame) {
    super({ allowHalfOpen: true });
    this.headers = headers;
    this.#id = id;
    this.#send = send;
  }

  /** What the client has written; resolves when more can be taken. */
  async deliver(bytes: Buffer): Promise<void> {
    if (this.destroyed || this.push(bytes)) return;
    await new Promise<void>((resolve) => (this.#resume = resolve));
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const rest = chunk.subarray(writtenAtOnce);
    this.#send(dataFrame(this.#id, chunk.subarray(0, writtenAtOnce)), (error) => {
      if (rest.length === 0 || error instanceof Error) done(error);
      else this._write(rest, _encoding, done);
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#send(dataFrame(this.#id, Buffer.alloc(0), finFlag), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read();
    const isOver = this.readableEnded && this.writableFinished;
    if (!isOver)
      this.#send(controlFrame(frameTypes.rstStream, numbers(this.#id, cancelled)), () => undefined);
    done(error);
  }
}

/**
 * Serves the streams that a client opens in a SPDY/3.1 session until it goes. There is no flow control, as Kubernetes'
 * clients have none: while one stream takes no more, the connection is not read. Resolves when the client has gone;
 * rejects for what is no such session.
 */
export async function serveSpdy(transport: Duplex, onStream: (stream: SpdyStream) => void): Promise<void> {
  const session = new SpdySession(transport, onStream);
  // What waits for a stream to take more waits no longer.
  transport.once("close", () => session.close());
  const pinging = setInterval(() => session.ping(), pingMs);
  try {
    for await (const frame of readFrames(transport)) await session.take(frame);
  } finally {
    clearInterval(pinging);
    session.close();
  }
}

class SpdySession {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #headers = new HeaderReader();
  #hasReplied = false;

  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
  }

  async take(frame: Frame): Promise<void> {
    const { type, payload } = frame;
    switch (type) {
      case undefined:
        return this.#takeData(frame);
      case frameTypes.synStream:
        return this.#open(frame);
      case frameTypes.rstStream:
        this.#streams.get(payload.readUInt32BE(0))?.destroy();
        return;
      case frameTypes.ping:
        // Even numbers are of our own pings: an answer to an answer would never end.
        if (payload.readUInt32BE(0) % 2 === 0) return;
        return this.#send(controlFrame(frameTypes.ping, payload));
      case frameTypes.goAway:
        this.#transport.end();
        return;
      default:
      // Settings and windows change nothing here; headers that come later are of no use.
    }
  }

  /** Asks whether the client is still there; what it has not read yet asks as well. */
  ping(): void {
    if (this.#transport.writableLength > 0) return;
    this.#write(controlFrame(frameTypes.ping, numbers(2)), () => undefined);
  }

  /** Ends every stream with the connection. */
  close(): void {
    for (const stream of this.#streams.values()) stream.destroy();
    this.#headers.close();
    this.#transport.destroy();
  }

  async #takeData({ streamId, flags, payload }: Frame): Promise<void> {
    const stream = this.#streams.get(streamId);
    // One that was closed here; what is still on its way is not wanted.
    if (stream === undefined) return;
    if (payload.length > 0) await stream.deliver(payload);
    if ((flags & finFlag) !== 0) stream.push(null);
  }

  async #open({ flags, payload }: Frame): Promise<void> {
    const id = payload.readUInt32BE(0);
    // Every block is read, wanted or not: the next one builds on it.
    const headers = await this.#headers.read(payload.subarray(10));
    if (this.#streams.has(id) || this.#streams.size >= streamLimit) {
      return this.#send(controlFrame(frameTypes.rstStream, numbers(id, refused)));
    }
    const stream = new SpdyStream(id, headers, (frame, done) => this.#write(frame, done));
    this.#streams.set(id, stream);
    stream.once("close", () => this.#streams.delete(id));
    // Whoever uses the stream is told by its end; an error without anybody is none.
    stream.on("error", () => undefined);
    const reply = Buffer.concat([numbers(id), emptyHeaderBlock(!this.#hasReplied)]);
    this.#hasReplied = true;
    await this.#send(controlFrame(frameTypes.synReply, reply));
    if ((flags & finFlag) !== 0) stream.push(null);
    this.#onStream(stream);
  }

  async #send(frame: Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.#write(frame, () => resolve()));
  }

  #write(frame: Buffer, done: (error?: Error | null) => void): void {
    if (this.#transport.writable) this.#transport.write(frame, done);
    else done();
  }
}
