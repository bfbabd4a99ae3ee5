import { Readable } from "node:stream";
import type { ContainerAccess, LogOptions } from "../../ports/container-access.ts";
import { attachTo } from "./attach.ts";
import { connectDocker } from "./connect.ts";
import { containerUse } from "./container-use.ts";
import { demultiplex } from "./demultiplex.ts";
import { dialContainer } from "./dial.ts";
import { engineClient } from "./engine-client.ts";
import type { EngineClient } from "./engine-client.ts";
import { startExec } from "./exec.ts";
import type { InspectJson } from "./inspect-json.ts";
import { logWindow } from "./log-window.ts";

const deadlineMs = 15_000;

/** Logs, processes and ports of the containers of the engine at `dockerHost`; errors as ContainerRuntime has them. */
export function dockerAccess(options: { readonly dockerHost: string }): ContainerAccess {
  const client = engineClient(connectDocker(options.dockerHost));
  return {
    logs: (idOrName, logOptions, signal) => openLogs(client, idOrName, logOptions, signal),
    exec: (idOrName, execOptions) => startExec(client, idOrName, execOptions),
    attach: (idOrName, attachOptions) => attachTo(client, idOrName, attachOptions),
    use: (idOrName) => containerUse(client, idOrName),
    dial: (idOrName, port) => dialContainer(client, idOrName, port),
  };
}

async function openLogs(
  client: EngineClient,
  idOrName: string,
  options: LogOptions,
  signal: AbortSignal,
): Promise<Readable> {
  const what = `read the logs of ${idOrName}`;
  const path = `/containers/${encodeURIComponent(idOrName)}`;
  const answer = await client.request({ what, method: "GET", path: `${path}/json`, deadlineMs, signal });
  const json = answer as InspectJson;
  const { follow, timestamps, tail } = options;
  const stream = await client.open({
    what,
    method: "GET",
    path: `${path}/logs`,
    query: {
      stdout: true,
      stderr: true,
      follow,
      timestamps,
      tail: tail ?? "all",
      ...logWindow(options, json.State, Date.now()),
    },
    deadlineMs,
    signal,
  });
  if (json.Config.Tty === true) return stream;
  return Readable.from(bytesOf(stream), { objectMode: false, signal });
}

async function* bytesOf(stream: Readable): AsyncGenerator<Buffer, void, void> {
  for await (const piece of demultiplex(stream)) yield piece.bytes;
}
