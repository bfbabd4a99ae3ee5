/** One entry of a tar archive, without its content. */
export interface TarEntry {
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "hardlink" | "other";
  readonly sizeBytes: number;
  /** Permission bits only. */
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  /** What a link leads to; empty for others. */
  readonly linkTarget: string;
}

export const blockBytes = 512;

const typeFlags = { file: "0", hardlink: "1", symlink: "2", directory: "5" } as const;

/**
 * The header blocks of an entry in GNU's format, which every tar reads, busybox's too: that one knows no pax headers.
 * Everything belongs to root in it, so that it comes to belong to whoever unpacks it.
 */
export function encodeHeader(entry: TarEntry): Buffer {
  const { path, linkTarget } = entry;
  return Buffer.concat([
    ...(Buffer.byteLength(path) > 99 ? [longText("L", path)] : []),
    ...(Buffer.byteLength(linkTarget) > 99 ? [longText("K", linkTarget)] : []),
    headerBlock(entry, entry.type === "other" ? "0" : typeFlags[entry.type]),
  ]);
}

/** Zeros up to the next block. */
export function paddingAfter(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

function longText(flag: "L" | "K", text: string): Buffer {
  const bytes = Buffer.concat([Buffer.from(text), Buffer.of(0)]);
  const header = headerBlock(
    { path: "././@LongLink", type: "file", sizeBytes: bytes.length, mode: 0, modifiedAt: 0, linkTarget: "" },
    flag,
  );
  return Buffer.concat([header, bytes, Buffer.alloc(paddingAfter(bytes.length))]);
}

function headerBlock(entry: TarEntry, flag: string): Buffer {
  const block = Buffer.alloc(blockBytes);
  Buffer.from(entry.path).copy(block, 0, 0, 100);
  octal(block, 100, 8, entry.mode);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  size(block, entry.sizeBytes);
  octal(block, 136, 12, Math.max(0, Math.floor(entry.modifiedAt)));
  block.write("        ", 148);
  block.write(flag, 156);
  Buffer.from(entry.linkTarget).copy(block, 157, 0, 100);
  block.write("ustar  \0", 257);
  octal(
    block,
    148,
    7,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;
}

function octal(block: Buffer, at: number, width: number, value: number): void {
  block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at);
}

/** Beyond 8 GiB GNU tar writes the number itself, marked by its first bit. */
function size(block: Buffer, sizeBytes: number): void {
  if (sizeBytes < 8 ** 11) return octal(block, 124, 12, sizeBytes);
  block.writeUInt8(0x80, 124);
  block.writeBigUInt64BE(BigInt(sizeBytes), 128);
}

/** A header block with the entry's own type flag, before what extends it is applied. */
export interface RawHeader extends TarEntry {
  readonly flag: string;
}

/** Reads a header block; null for a block of zeros, which ends an archive. Throws RangeError where it is none. */
export function decodeHeader(block: Buffer): RawHeader | null {
  if (block.every((byte) => byte === 0)) return null;
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (sum !== readNumber(block, 148, 8)) throw new RangeError("what came is no tar archive");
  const flag = String.fromCharCode(block.readUInt8(156) || 0x30);
  const name = readText(block, 0, 100);
  // In POSIX' format a long path is cut in two; GNU's has other things there.
  const prefix = block.toString("latin1", 257, 263) === "ustar\0" ? readText(block, 345, 155) : "";
  return {
    flag,
    path: prefix === "" ? name : `${prefix}/${name}`,
    type: typeOf(flag),
    sizeBytes: readNumber(block, 124, 12),
    mode: readNumber(block, 100, 8) & 0o777,
    modifiedAt: readNumber(block, 136, 12),
    linkTarget: readText(block, 157, 100),
  };
}

function typeOf(flag: string): TarEntry["type"] {
  // 7 is a file that lies in one piece.
  if (flag === "0" || flag === "7") return "file";
  if (flag === "1") return "hardlink";
  if (flag === "2") return "symlink";
  return flag === "5" ? "directory" : "other";
}

function readText(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}

function readNumber(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  if (field.readUInt8(0) === 0x80) return Number(field.readBigUInt64BE(length - 8));
  const digits = field.toString("latin1").replaceAll(/[\0 ]/g, "");
  if (!/^[0-7]*$/.test(digits)) throw new RangeError("what came is no tar archive");
  return Number.parseInt(digits || "0", 8);
}

/** Values of a pax header (`27 path=a/long/name\n` a line): those that ds01 heeds. */
export function decodePax(bytes: Buffer): Partial<Pick<TarEntry, "path" | "linkTarget" | "sizeBytes">> {
  const found: { path?: string; linkTarget?: string; sizeBytes?: number } = {};
  let at = 0;
  while (at < bytes.length) {
    const length = Number.parseInt(bytes.toString("latin1", at, at + 20), 10);
    if (!(length > 0)) break;
    const record = bytes.toString("utf8", at, at + length - 1);
    const [, key, value = ""] = /^\d+ ([^=]*)=(.*)$/s.exec(record) ?? [];
    if (key === "path") found.path = value;
    if (key === "linkpath") found.linkTarget = value;
    if (key === "size") found.sizeBytes = Number(value);
    at += length;
  }
  return found;
}
