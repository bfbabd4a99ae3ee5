import { PassThrough } from "node:stream";
import type { Duplex, Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { messageOf } from "../../util/errors.ts";
import { demultiplex } from "./demultiplex.ts";

/** Resolves at the end of what comes from the engine, however it came about. */
export async function endOf(connection: Duplex): Promise<void> {
  try {
    await finished(connection, { writable: false });
  } catch (error) {
    // A connection that breaks off has ended as well; the exit code tells whether the process did.
    connection.destroy(error instanceof Error ? error : new Error(messageOf(error)));
  }
}

/** Both outputs end with the connection, also with one that breaks off: how it ended is for wait to say. */
export function separate(connection: Duplex): { stdout: Readable; stderr: Readable } {
  const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
  const pump = async (): Promise<void> => {
    for await (const { to, bytes } of demultiplex(connection)) {
      const output = outputs[to];
      if (!output.destroyed && !output.write(bytes)) await drainOrClose(output);
    }
  };
  const end = (): void => {
    connection.destroy();
    for (const output of Object.values(outputs)) output.end();
  };
  pump().then(end, end);
  return outputs;
}

function drainOrClose(output: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      output.off("drain", done).off("close", done);
      resolve();
    };
    output.on("drain", done).on("close", done);
  });
}
