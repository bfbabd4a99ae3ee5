import { once } from "node:events";
import { createServer, connect } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { constants, createDeflate } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import type { ExecSession } from "../../src/ports/container-access.ts";
import { runProcessOverSpdy } from "../../src/server/spdy-process.ts";
import { forwardOverSpdy } from "../../src/server/spdy-port-forward.ts";
import { controlFrame, dataFrame, frameTypes, numbers } from "../../src/server/spdy/frames.ts";
import { headerDictionary } from "../../src/server/spdy/header-dictionary.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Headers of one stream, as the first block of a session. */
async function headerBlock(headers: Readonly<Record<string, string>>): Promise<Buffer> {
  const deflate = createDeflate({ dictionary: headerDictionary });
  const entries = Object.entries(headers);
  const texts = entries.flat().map((text) => Buffer.concat([numbers(text.length), Buffer.from(text)]));
  deflate.write(Buffer.concat([numbers(entries.length), ...texts]));
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
  return deflate.read() as Buffer;
}

async function opened(id: number, headers: Readonly<Record<string, string>>): Promise<Buffer> {
  const block = await headerBlock(headers);
  return controlFrame(frameTypes.synStream, Buffer.concat([numbers(id, 0), Buffer.alloc(2), block]));
}

/** Both ends of a connection as the server has it: a socket that may be half open. */
async function connection(): Promise<{ readonly client: Socket; readonly transport: Socket }> {
  const server: Server = createServer({ allowHalfOpen: true });
  const path = join(temporaryDirectory(), "socket");
  server.listen(path);
  await once(server, "listening");
  const client = connect(path);
  const [transport] = (await once(server, "connection")) as [Socket];
  transport.on("error", () => transport.destroy());
  client.on("error", () => undefined);
  onTestFinished(() => {
    client.destroy();
    transport.destroy();
    server.close();
  });
  return { client, transport };
}

async function within(ms: number, ended: Promise<void>): Promise<"ended" | "still there"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"still there">((resolve) => {
    timer = setTimeout(() => resolve("still there"), ms);
  });
  const outcome = await Promise.race([
    ended.then(
      () => "ended" as const,
      () => "ended" as const,
    ),
    late,
  ]);
  clearTimeout(timer);
  return outcome;
}

test("a session ends with its client, also while a stream takes no more", async () => {
  const { client, transport } = await connection();
  const served = forwardOverSpdy(
    transport,
    () => Promise.reject(new Error("not asked")),
    () => undefined,
  );
  client.write(await opened(1, { streamtype: "data", port: "80", requestid: "0" }));
  // Nobody reads it before its other stream is there.
  for (let sent = 0; sent < 8; sent += 1) client.write(dataFrame(1, Buffer.alloc(30_000)));
  await once(client, "data");
  client.destroy();
  expect(await within(20_000, served)).toBe("ended");
});

test("a process is left with its client, also while it takes no input", async () => {
  const { client, transport } = await connection();
  const session = {
    stdin: new PassThrough({ highWaterMark: 10 }),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    resize: async () => undefined,
    wait: async () => 0,
  } as ExecSession;
  const wanted = { stdin: true, stdout: false, stderr: false, tty: false };
  const served = runProcessOverSpdy(transport, wanted, session, () => undefined);
  client.write(await opened(1, { streamtype: "stdin" }));
  for (let sent = 0; sent < 8; sent += 1) client.write(dataFrame(1, Buffer.alloc(30_000)));
  await once(client, "data");
  client.destroy();
  expect(await within(20_000, served)).toBe("ended");
  expect(session.stdout.destroyed).toBe(true);
});
