import { constants, createDeflate } from "node:zlib";
import { controlFrame, frameTypes, numbers } from "../../src/server/spdy/frames.ts";
import { headerDictionary } from "../../src/server/spdy/header-dictionary.ts";

/** Packs header blocks as a client of one session does: one compressed stream over all of them. */
export class SpdyHeaderWriter {
  readonly #deflate = createDeflate({ dictionary: headerDictionary });

  async block(headers: Readonly<Record<string, string>>): Promise<Buffer> {
    const entries = Object.entries(headers);
    const texts = entries.flat().map((text) => Buffer.concat([numbers(text.length), Buffer.from(text)]));
    this.#deflate.write(Buffer.concat([numbers(entries.length), ...texts]));
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, resolve));
    return this.#deflate.read() as Buffer;
  }

  /** The frame that opens a stream. */
  async open(id: number, headers: Readonly<Record<string, string>>, flags = 0): Promise<Buffer> {
    const payload = Buffer.concat([numbers(id, 0), Buffer.alloc(2), await this.block(headers)]);
    return controlFrame(frameTypes.synStream, payload, flags);
  }
}
