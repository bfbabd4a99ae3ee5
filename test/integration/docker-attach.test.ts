import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { dockerAccess } from "../../src/adapters/docker/access.ts";
import type { ContainerAccess } from "../../src/ports/container-access.ts";
import { waitFor } from "../bed/wait-for.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** An engine of one container that runs and never ends by itself; it knows nothing but attaching. */
class AttachEngine {
  readonly waits = new Set<ServerResponse>();
  readonly attached = new Set<Duplex>();
  waitsSoFar = 0;
  refusesAttach = false;

  async listen(): Promise<ContainerAccess> {
    const socketPath = join(temporaryDirectory(), "engine.sock");
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "", "http://engine");
      if (pathname.endsWith("/json")) {
        response.end(JSON.stringify({ State: { Status: "running" }, Config: { Tty: false } }));
      } else if (pathname.endsWith("/wait")) {
        this.waitsSoFar += 1;
        this.waits.add(response);
        response.once("close", () => this.waits.delete(response));
        response.flushHeaders();
      } else {
        response.statusCode = 404;
        response.end("{}");
      }
    });
    server.on("upgrade", (_, socket: Duplex) => {
      if (this.refusesAttach) {
        const body = '{"message":"no"}';
        socket.end(`HTTP/1.1 500 no\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
        return;
      }
      this.attached.add(socket);
      socket.once("close", () => this.attached.delete(socket));
      socket.on("error", () => socket.destroy()).on("end", () => socket.end());
      socket.resume();
      socket.write("HTTP/1.1 101 UPGRADED\r\nconnection: upgrade\r\nupgrade: tcp\r\n\r\n");
    });
    server.listen(socketPath);
    await once(server, "listening");
    onTestFinished(() => {
      for (const socket of this.attached) socket.destroy();
      server.closeAllConnections();
      server.close();
    });
    return dockerAccess({ dockerHost: `unix://${socketPath}` });
  }

  /** Resolves when no call is open, once the engine has had the one that waits. */
  async isLeft(): Promise<void> {
    await waitFor("the call that waits", () => this.waitsSoFar === 1);
    await waitFor("no call to be open", () => this.waits.size === 0 && this.attached.size === 0);
  }
}

describe("attach", () => {
  it("leaves no call open when its streams are left, whether or not anybody waits", async () => {
    const engine = new AttachEngine();
    const session = await (await engine.listen()).attach("one", { stdin: true });
    await waitFor("the call that waits", () => engine.waits.size === 1);
    session.stdin.destroy();
    session.stdout.destroy();
    session.stderr?.destroy();
    await engine.isLeft();
    expect(await session.wait()).toBe(0);
  });

  it("leaves no call open when the engine refuses the connection", async () => {
    const engine = new AttachEngine();
    engine.refusesAttach = true;
    const access = await engine.listen();
    await expect(access.attach("one", { stdin: true })).rejects.toThrow("no");
    await engine.isLeft();
  });

  it("gives the exit code that comes soon after the end of the streams", async () => {
    const engine = new AttachEngine();
    const session = await (await engine.listen()).attach("one", { stdin: false });
    await waitFor("the call that waits", () => engine.waits.size === 1);
    for (const socket of engine.attached) socket.end();
    for (const response of engine.waits) response.end('{"StatusCode":7}');
    expect(await session.wait()).toBe(7);
  });
});
