import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { containerOf } from "../container-of.ts";
import { flag, wholeNumber } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { isAbort } from "../../util/errors.ts";

/** What the container's process wrote, under the path where kubectl asks for it. */
export function logRoutes(services: Services): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: "/api/v1/namespaces/:namespace/pods/:name/log",
      handle: (exchange) => sendLogs(services, exchange),
    },
  ];
}

async function sendLogs(services: Services, exchange: Exchange): Promise<void> {
  const { query, response } = exchange;
  const id = containerOf(services, exchange, "log");
  const options = {
    follow: flag(query, "follow"),
    tail: wholeNumber(query, "tailLines"),
    timestamps: flag(query, "timestamps"),
    sinceSeconds: wholeNumber(query, "sinceSeconds"),
  };
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    const log = await services.containers.logs(id, options, gone.signal);
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.flushHeaders();
    await pipeline(log, response, { signal: gone.signal });
  } catch (error) {
    // The reader has gone: that is how a follow ends.
    if (!gone.signal.aborted || !(isAbort(error) || isCut(error))) throw error;
  }
  if (!response.closed) await once(response, "close");
}

function isCut(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}
