import type { Readable } from "node:stream";
import { Ds01Error } from "../../util/errors.ts";

/** A piece of what a container wrote. */
export interface OutputPiece {
  readonly to: "stdout" | "stderr";
  readonly bytes: Buffer;
}

const headerBytes = 8;

/** Takes Docker's multiplexed stream apart, in order of arrival; a header that is none throws Ds01Error. */
export async function* demultiplex(source: Readable): AsyncGenerator<OutputPiece, void, void> {
  let header: Buffer = Buffer.alloc(0);
  let to: OutputPiece["to"] = "stdout";
  let remaining = 0;
  for await (const chunk of source) {
    let rest = chunk as Buffer;
    while (rest.length > 0) {
      if (remaining > 0) {
        yield { to, bytes: rest.subarray(0, remaining) };
        const taken = Math.min(remaining, rest.length);
        remaining -= taken;
        rest = rest.subarray(taken);
        continue;
      }
      const missing = headerBytes - header.length;
      header = Buffer.concat([header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (header.length < headerBytes) continue;
      to = destination(header);
      remaining = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
}

function destination(header: Buffer): OutputPiece["to"] {
  const kind = header.readUInt8(0);
  // 0 is stdin's echo, 3 an error of the engine itself; both belong to neither, and are shown.
  if (kind === 2 || kind === 3) return "stderr";
  if (kind <= 1) return "stdout";
  throw new Ds01Error({
    reason: "EngineFault",
    message: `the engine sent output that is not multiplexed (stream ${kind})`,
  });
}
