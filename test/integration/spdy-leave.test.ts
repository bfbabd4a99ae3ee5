import { once } from "node:events";
import { createServer, connect } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import type { ExecSession } from "../../src/ports/container-access.ts";
import { runProcessOverSpdy } from "../../src/server/spdy-process.ts";
import { forwardOverSpdy } from "../../src/server/spdy-port-forward.ts";
import { dataFrame } from "../../src/server/spdy/frames.ts";
import { SpdyHeaderWriter } from "../support/spdy-header-writer.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

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
  client.write(await new SpdyHeaderWriter().open(1, { streamtype: "data", port: "80", requestid: "0" }));
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
  client.resume();
  const headers = new SpdyHeaderWriter();
  client.write(await headers.open(1, { streamtype: "error" }));
  client.write(await headers.open(3, { streamtype: "stdin" }));
  for (let sent = 0; sent < 8; sent += 1) client.write(dataFrame(3, Buffer.alloc(30_000)));
  // The process has its input, and reads no more of it.
  await once(session.stdin, "readable");
  client.destroy();
  expect(await within(20_000, served)).toBe("ended");
  expect(session.stdin.destroyed).toBe(true);
  expect(session.stdout.destroyed).toBe(true);
});
