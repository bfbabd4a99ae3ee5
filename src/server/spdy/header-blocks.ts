import { constants, createInflate } from "node:zlib";
import type { Inflate } from "node:zlib";
import { headerDictionary, headerDictionaryId } from "./header-dictionary.ts";

export type Headers = Readonly<Record<string, string>>;

/** More than any client sends; a block that grows beyond it when it is unpacked ends the session. */
const limitBytes = 64 * 1024;

/** Reads the header blocks of one direction of a session, which are one compressed stream. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({
    dictionary: headerDictionary,
    finishFlush: constants.Z_SYNC_FLUSH,
  });

  /** Rejects for a block that cannot be unpacked or is too large. */
  async read(block: Buffer): Promise<Headers> {
    const inflate = this.#inflate;
    const pieces: Buffer[] = [];
    let size = 0;
    await new Promise<void>((resolve, reject) => {
      // It unpacks no more than a little before somebody reads it.
      const take = (): void => {
        const piece = (inflate.read() as Buffer | null) ?? Buffer.alloc(0);
        pieces.push(piece);
        size += piece.length;
        if (size <= limitBytes) return;
        inflate.off("readable", take);
        reject(new RangeError("the headers are too large"));
      };
      inflate.on("readable", take).once("error", reject);
      inflate.write(block, (error) => {
        inflate.off("readable", take).off("error", reject);
        take();
        if (error instanceof Error) reject(error);
        else resolve();
      });
    });
    return parse(Buffer.concat(pieces));
  }

  close(): void {
    this.#inflate.on("error", () => undefined).destroy();
  }
}

function parse(block: Buffer): Headers {
  let at = 0;
  const number = (): number => {
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (length > block.length - at) throw new RangeError("a header is cut off");
    at += length;
    return block.toString("latin1", at - length, at);
  };
  const entries: [string, string][] = [];
  for (let left = number(); left > 0; left -= 1) entries.push([text().toLowerCase(), text()]);
  return Object.fromEntries(entries);
}

const noHeaders = Buffer.alloc(4);
/** An empty block, without which readers may wait for more before they give out what they have. */
const flush = Buffer.from([0, 0, 0, 0xff, 0xff]);

/** A block without headers, not compressed; the first of a session also says by which dictionary it is. */
export function emptyHeaderBlock(isFirst: boolean): Buffer {
  const start = Buffer.from([0x78, 0xbb, 0, 0, 0, 0]);
  start.writeUInt32BE(headerDictionaryId, 2);
  // A stored block (RFC 1951, 3.2.4): its length, and that again with all bits turned.
  const stored = Buffer.from([0, noHeaders.length, 0, 0xff - noHeaders.length, 0xff]);
  return Buffer.concat([...(isFirst ? [start] : []), stored, noHeaders, flush]);
}
