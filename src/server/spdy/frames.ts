/** Types of control frames (SPDY draft 3.1) that mean something here. */
export const frameTypes = { synStream: 1, synReply: 2, rstStream: 3, ping: 6, goAway: 7 } as const;

/** The last frame of a stream in one direction. */
export const finFlag = 1;

/** One frame as it came. */
export interface Frame {
  /** Undefined for data. */
  readonly type: number | undefined;
  /** Of the stream that data is of; 0 for control frames. */
  readonly streamId: number;
  readonly flags: number;
  readonly payload: Buffer;
}

const headerBytes = 8;
/** Clients send data in pieces of 32 KiB. */
const payloadLimit = 1024 * 1024;

/** The frames in a stream of bytes; throws RangeError for one that is too large or of another version. */
export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= headerBytes) {
      const length = pending.readUIntBE(5, 3);
      if (length > payloadLimit) throw new RangeError(`a frame of ${length} bytes is too large`);
      if (pending.length < headerBytes + length) break;
      yield frameOf(pending, length);
      pending = pending.subarray(headerBytes + length);
    }
  }
}

function frameOf(bytes: Buffer, length: number): Frame {
  const first = bytes.readUInt32BE(0);
  const isControl = first >= 0x8000_0000;
  if (isControl && (first >>> 16) % 0x8000 !== 3) throw new RangeError("the frame is not of SPDY/3");
  return {
    type: isControl ? first & 0xffff : undefined,
    streamId: isControl ? 0 : first,
    flags: bytes.readUInt8(4),
    payload: bytes.subarray(headerBytes, headerBytes + length),
  };
}

/** A data frame. */
export function dataFrame(streamId: number, payload: Buffer, flags = 0): Buffer {
  return frame(streamId, flags, payload);
}

/** A control frame. */
export function controlFrame(type: number, payload: Buffer, flags = 0): Buffer {
  return frame(0x8003_0000 + type, flags, payload);
}

function frame(first: number, flags: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(first, 0);
  header.writeUInt8(flags, 4);
  header.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([header, payload]);
}

/** Numbers of 32 bits, one after the other. */
export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}
