/** One member of a tar archive; a directory has no content, a link has a target. */
export interface TarEntry {
  readonly path: string;
  readonly mode?: number;
  readonly content?: Buffer | string;
  readonly linkTarget?: string;
}

const blockBytes = 512;

/** Packs the entries as a ustar archive; the same entries always give the same bytes (root-owned, time zero). */
export function packTar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? "");
    parts.push(header(entry, content.length), content, Buffer.alloc(padding(content.length)));
  }
  parts.push(Buffer.alloc(blockBytes * 2));
  return Buffer.concat(parts);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new Error(`tar path too long for ustar: ${entry.path}`);
  const isDirectory = entry.path.endsWith("/");
  const block = Buffer.alloc(blockBytes);
  block.write(entry.path, 0);
  block.write(octal(entry.mode ?? (isDirectory ? 0o755 : 0o644), 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write("        ", 148);
  block.write(entry.linkTarget !== undefined ? "2" : isDirectory ? "5" : "0", 156);
  block.write(entry.linkTarget ?? "", 157);
  block.write("ustar\u000000", 257, "latin1");
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, "0")}\0`;
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}
