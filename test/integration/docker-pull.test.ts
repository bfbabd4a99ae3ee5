import { once } from "node:events";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { dockerRuntime } from "../../src/adapters/docker/runtime.ts";
import type { ContainerRuntime } from "../../src/ports/container-runtime.ts";
import { WaitingError } from "../../src/util/errors.ts";
import { waitFor } from "../bed/wait-for.ts";
import { silentLog } from "../support/silent-log.ts";

const socketPath = join(tmpdir(), `ds01-pull-${process.pid}.sock`);
let server: Server | undefined;
let asked: URLSearchParams[] = [];

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(socketPath, { force: true });
  asked = [];
});

/** An engine that knows nothing but pulling, which goes as `answer` says. */
async function engineThat(answer: (response: ServerResponse) => void): Promise<ContainerRuntime> {
  server = createServer((request, response) => {
    asked.push(new URL(request.url ?? "", "http://engine").searchParams);
    answer(response);
  });
  server.listen(socketPath);
  await once(server, "listening");
  return dockerRuntime({
    dockerHost: `unix://${socketPath}`,
    deadlines: { pullIdleMs: 1000 },
    log: silentLog(),
  });
}

describe("pull", () => {
  it("is done when the progress has ended, and lines may come in pieces", async () => {
    const runtime = await engineThat((response) => {
      response.write('{"status":"Pulling from tool"}\r\n{"sta');
      response.end('tus":"Pull complete","id":"ä"}\r\n');
    });
    await expect(runtime.pull("registry.example:5000/team/tool:2")).resolves.toBeUndefined();
  });

  it.each([
    ["tool", "tool", "latest"],
    ["registry.example:5000/team/tool", "registry.example:5000/team/tool", "latest"],
    ["registry.example:5000/team/tool:2", "registry.example:5000/team/tool", "2"],
    ["tool@sha256:0123", "tool", "sha256:0123"],
    ["tool:2@sha256:0123", "tool:2", "sha256:0123"],
  ])("asks for one image by %s", async (reference, fromImage, tag) => {
    const runtime = await engineThat((response) => response.end());
    await runtime.pull(reference);
    expect(Object.fromEntries(asked[0] ?? [])).toEqual({ fromImage, tag });
  });

  it("fails with what the progress says after it began well", async () => {
    const runtime = await engineThat((response) => {
      const text = "write /var/lib/docker/tmp/GetImageBlob1: no space left on device";
      response.write('{"status":"Downloading"}\n');
      response.end(JSON.stringify({ errorDetail: { message: text }, error: text }));
    });
    await expect(runtime.pull("tool")).rejects.toMatchObject({ name: "WaitingError", reason: "NoSpace" });
  });

  it("waits as long as there is progress, and gives up when there is none", async () => {
    const begun = performance.now();
    const runtime = await engineThat((response) => {
      let lines = 0;
      const timer = setInterval(() => {
        response.write('{"status":"Downloading"}\n');
        if (++lines === 5) clearInterval(timer);
      }, 300);
    });
    const answer = runtime.pull("tool");
    await expect(answer).rejects.toThrowError(WaitingError);
    await expect(answer).rejects.toMatchObject({ reason: "RegistryUnreachable" });
    expect(performance.now() - begun).toBeGreaterThan(2400);
  });

  it("is not done when the connection breaks off", async () => {
    const runtime = await engineThat((response) => {
      response.write('{"status":"Downloading"}\n', () => response.destroy());
    });
    await expect(runtime.pull("tool")).rejects.toMatchObject({ reason: "EngineUnreachable" });
  });

  it("ends with its signal, and the engine notices", async () => {
    let closed = false;
    const runtime = await engineThat((response) => {
      response.write('{"status":"Downloading"}\n');
      response.on("close", () => {
        closed = true;
      });
    });
    const cancel = new AbortController();
    const answer = runtime.pull("tool", cancel.signal);
    await waitFor("the request", () => asked.length === 1);
    cancel.abort();
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    await waitFor("the connection is closed", () => closed);
  });
});
