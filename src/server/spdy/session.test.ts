import { once } from "node:events";
import { Duplex, PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { constants, createInflate } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SpdyHeaderWriter } from "../../../test/support/spdy-header-writer.ts";
import { controlFrame, dataFrame, finFlag, frameTypes, numbers, readFrames } from "./frames.ts";
import type { Frame } from "./frames.ts";
import { emptyHeaderBlock, HeaderReader } from "./header-blocks.ts";
import { headerDictionary } from "./header-dictionary.ts";
import { serveSpdy } from "./session.ts";
import type { SpdyStream } from "./session.ts";

/** A session, and the other end of its connection. */
class Client {
  readonly toServer = new PassThrough();
  readonly fromServer = new PassThrough();
  readonly transport = Duplex.from({ readable: this.toServer, writable: this.fromServer }) as Duplex;
  readonly frames = readFrames(this.fromServer);
  readonly #headers = new SpdyHeaderWriter();

  async open(id: number, headers: Readonly<Record<string, string>>, flags = 0): Promise<void> {
    this.toServer.write(await this.#headers.open(id, headers, flags));
  }

  async next(): Promise<Frame> {
    const { value, done } = await this.frames.next();
    if (done === true) throw new Error("the session has ended");
    return value;
  }
}

function echo(stream: SpdyStream): void {
  stream.pipe(stream);
}

describe("header blocks", () => {
  it("are read one after the other, as one compressed stream", async () => {
    const writer = new SpdyHeaderWriter();
    const reader = new HeaderReader();
    for (let port = 1; port <= 50; port += 1) {
      const headers = { streamtype: "data", port: String(port), requestid: "0" };
      expect(await reader.read(await writer.block(headers))).toEqual(headers);
    }
  });

  it("are read up to the largest that is allowed", async () => {
    const writer = new SpdyHeaderWriter();
    const reader = new HeaderReader();
    for (const length of [40_000, 65_000, 10]) {
      const headers = { streamtype: "d".repeat(length) };
      expect(await reader.read(await writer.block(headers))).toEqual(headers);
    }
  });

  it("without headers are unpacked by zlib", async () => {
    const inflate = createInflate({ dictionary: headerDictionary, finishFlush: constants.Z_SYNC_FLUSH });
    inflate.end(Buffer.concat([emptyHeaderBlock(true), emptyHeaderBlock(false)]));
    expect(await buffer(inflate)).toEqual(Buffer.alloc(8));
  });

  it("that grow too large, or are none, are refused", async () => {
    const block = await new SpdyHeaderWriter().block({ a: "a".repeat(70_000) });
    await expect(new HeaderReader().read(block)).rejects.toThrow();
    await expect(new HeaderReader().read(Buffer.from("nonsense"))).rejects.toThrow();
  });
});

describe("a session", () => {
  it("answers what a stream is sent, to its end", async () => {
    const client = new Client();
    const served = serveSpdy(client.transport, echo);
    await client.open(1, { port: "8000" });
    expect(await client.next()).toMatchObject({ type: frameTypes.synReply });
    const sent = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    for (let at = 0; at < sent.length; at += 10_000)
      client.toServer.write(dataFrame(1, sent.subarray(at, at + 10_000)));
    client.toServer.write(dataFrame(1, Buffer.alloc(0), finFlag));
    const received: Buffer[] = [];
    for (;;) {
      const { streamId, payload, flags } = await client.next();
      expect(streamId).toBe(1);
      received.push(payload);
      if ((flags & finFlag) !== 0) break;
    }
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    client.toServer.end();
    await served;
  });

  it("answers pings, and refuses a stream that is there already", async () => {
    const client = new Client();
    const served = serveSpdy(client.transport, () => undefined);
    client.toServer.write(controlFrame(frameTypes.ping, numbers(7)));
    expect(await client.next()).toMatchObject({ type: frameTypes.ping, payload: numbers(7) });
    await client.open(1, {});
    expect(await client.next()).toMatchObject({ type: frameTypes.synReply });
    await client.open(1, {});
    expect(await client.next()).toMatchObject({ type: frameTypes.rstStream });
    client.toServer.end();
    await served;
  });

  it("ends its streams with the connection, and when the client resets them", async () => {
    const client = new Client();
    const streams: SpdyStream[] = [];
    const served = serveSpdy(client.transport, (stream) => streams.push(stream));
    for (const id of [1, 3]) {
      await client.open(id, {});
      await client.next();
    }
    const [first, second] = streams;
    if (first === undefined || second === undefined) throw new Error("no streams");
    client.toServer.write(controlFrame(frameTypes.rstStream, numbers(1, 5)));
    await once(first, "close");
    client.toServer.end();
    await served;
    expect(second.destroyed).toBe(true);
  });

  it("ends by a frame that is none, and by nothing else that it is sent", async () => {
    const control = fc
      .tuple(fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 40 }))
      .map(([type, payload]) => controlFrame(type, Buffer.from(payload)));
    const data = fc
      .tuple(fc.integer({ min: 0, max: 5 }), fc.uint8Array({ maxLength: 20 }))
      .map(([id, payload]) => dataFrame(id, Buffer.from(payload), id % 2));
    const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(control, data, noise), { maxLength: 8 }), async (pieces) => {
        const client = new Client();
        client.fromServer.resume();
        const served = serveSpdy(client.transport, echo).catch((error: unknown) => error);
        for (const piece of pieces) client.toServer.write(piece);
        client.toServer.end();
        const error = await served;
        // What it refuses is a RangeError or what zlib says; anything else would be a fault of its own.
        if (error !== undefined) {
          expect(
            error instanceof RangeError || String((error as { code?: unknown }).code).startsWith("Z_"),
          ).toBe(true);
        }
        expect(client.transport.destroyed).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
