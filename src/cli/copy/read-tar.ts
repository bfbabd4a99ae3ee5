import { Ds01Error } from "../../util/errors.ts";
import { blockBytes, decodeHeader, decodePax, paddingAfter } from "./tar-header.ts";
import type { RawHeader, TarEntry } from "./tar-header.ts";

/** Long names and their like; an archive that claims more is not read on. */
const extensionLimitBytes = 1024 * 1024;

/** An entry of an archive that is being read; its content must be read before the next one comes. */
export interface ReadEntry extends TarEntry {
  readonly content: AsyncIterable<Buffer>;
}

/** Entries of a tar archive as it comes. Whoever made it may want to do harm: paths are as written, unchecked. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<ReadEntry, void, void> {
  const bytes = new ByteReader(source);
  let extended: Partial<TarEntry> = {};
  for (;;) {
    const block = await bytes.take(blockBytes);
    const header = block === null ? null : headerOf(block);
    if (header === null) break;
    const extension = await extensionIn(header, bytes);
    if (extension !== null) {
      extended = { ...extended, ...extension };
      continue;
    }
    const entry = { ...header, ...extended };
    extended = {};
    let left = entry.sizeBytes;
    const content = async function* (): AsyncGenerator<Buffer, void, void> {
      while (left > 0) {
        const piece = await bytes.upTo(left);
        left -= piece.length;
        yield piece;
      }
    };
    yield { ...entry, content: content() };
    while (left > 0) left -= (await bytes.upTo(left)).length;
    await bytes.take(paddingAfter(entry.sizeBytes));
  }
  // tar fills up its last record, and would die of a closed pipe.
  await bytes.drain();
}

function headerOf(block: Buffer): RawHeader | null {
  try {
    return decodeHeader(block);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Ds01Error({ reason: "BrokenArchive", message: cause.message, cause });
  }
}

/** What a header says about the entry after it; null for an entry itself. */
async function extensionIn(header: RawHeader, bytes: ByteReader): Promise<Partial<TarEntry> | null> {
  if (!/[LKxg]/.test(header.flag)) return null;
  if (header.sizeBytes > extensionLimitBytes) {
    throw new Ds01Error({
      reason: "BrokenArchive",
      message: "a name in the archive is longer than names are",
    });
  }
  const text = (await bytes.take(header.sizeBytes)) ?? Buffer.alloc(0);
  await bytes.take(paddingAfter(header.sizeBytes));
  if (header.flag === "x") return decodePax(text);
  const name = text.toString("utf8").replace(/\0.*$/s, "");
  if (header.flag === "L") return { path: name };
  return header.flag === "K" ? { linkTarget: name } : {};
}

/** Reads pieces of wanted lengths from chunks of any. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes; null at the end of the source, an error in the middle of a piece. */
  async take(length: number): Promise<Buffer | null> {
    const pieces: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const piece = await this.#next(missing);
      if (piece === null && pieces.length === 0) return null;
      if (piece === null) throw cutOff();
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** At least one byte and at most so many. */
  async upTo(length: number): Promise<Buffer> {
    const piece = await this.#next(length);
    if (piece === null) throw cutOff();
    return piece;
  }

  async drain(): Promise<void> {
    while ((await this.#next(64 * 1024)) !== null);
  }

  async #next(length: number): Promise<Buffer | null> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return null;
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }
}

function cutOff(): Ds01Error {
  return new Ds01Error({ reason: "BrokenArchive", message: "the archive ends in the middle of a file" });
}
