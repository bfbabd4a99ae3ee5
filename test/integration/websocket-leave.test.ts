import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ExecSession } from "../../src/ports/container-access.ts";
import { runProcess } from "../../src/server/process-stream.ts";
import { waitFor } from "../bed/wait-for.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("a process is left with its client, also while it takes no input", async () => {
  const path = join(temporaryDirectory(), "socket");
  const http = createServer().listen(path);
  const server = new WebSocketServer({ server: http });
  await once(http, "listening");
  const client = new WebSocket(`ws+unix://${path}:/`);
  const [webSocket] = (await once(server, "connection")) as [WebSocket];
  onTestFinished(() => {
    client.terminate();
    webSocket.terminate();
    http.close();
  });
  const session = {
    stdin: new PassThrough({ highWaterMark: 10 }),
    stdout: new PassThrough(),
    stderr: null,
    resize: async () => undefined,
    wait: async () => 0,
  } as ExecSession;
  const served = runProcess(webSocket, session, () => undefined).catch(() => undefined);
  if (client.readyState !== WebSocket.OPEN) await once(client, "open");
  for (let sent = 0; sent < 4; sent += 1) client.send(Buffer.alloc(30_000));
  await waitFor("the connection to be read no further", () => webSocket.isPaused);

  client.terminate();
  await served;
  expect(session.stdin.destroyed).toBe(true);
  expect(session.stdout.destroyed).toBe(true);
});
