import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { keptLogHeader } from "../../api/kept-log.ts";
import { buildLogOf, containerIfAny, hasNone } from "../container-of.ts";
import { endWithAccess } from "../end-with-access.ts";
import { flag, parameter, timeOf, wholeNumber } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { isAbort, isCut } from "../../util/errors.ts";

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
  const isOfBuild = flag(query, "build");
  const id = isOfBuild ? "" : containerIfAny(services, exchange, "log");
  if (id === undefined) return sendKept(services, exchange);
  const options = {
    follow: flag(query, "follow"),
    tail: wholeNumber(query, "tailLines"),
    timestamps: flag(query, "timestamps"),
    sinceSeconds: wholeNumber(query, "sinceSeconds"),
    sinceTime: timeOf(query, "sinceTime"),
    previous: flag(query, "previous"),
  };
  if (options.follow && options.previous) {
    throw new StatusError(
      "BadRequest",
      "follow and previous exclude each other: an earlier run writes no more",
    );
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const stopLooking = options.follow
    ? endWithAccess(services, exchange, "log", () => gone.abort())
    : undefined;
  try {
    const log = isOfBuild
      ? buildLogOf(services, exchange, options)
      : await services.containers.logs(id, options, gone.signal);
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.flushHeaders();
    await pipeline(log, response, { signal: gone.signal });
  } catch (error) {
    // The reader has gone, or may read no more: that is how a follow ends.
    if (!gone.signal.aborted || !(isAbort(error) || isCut(error))) throw error;
  } finally {
    stopLooking?.();
  }
  if (!response.closed) await once(response, "close");
}

/** The container is gone: the last lines that were kept of its log, and in a header until when they go. */
function sendKept(services: Services, exchange: Exchange): void {
  const { query, response } = exchange;
  const kept = services.control.keptLog(parameter(exchange, "namespace"), parameter(exchange, "name"));
  if (kept === undefined) throw hasNone(services, exchange);
  const tail = wholeNumber(query, "tailLines");
  const lines = kept.text.split("\n").slice(0, -1);
  const shown = tail === null ? lines : lines.slice(Math.max(0, lines.length - tail));
  response.writeHead(200, {
    "content-type": "text/plain; charset=utf-8",
    [keptLogHeader]: kept.finishedAt,
  });
  response.end(shown.map((line) => `${line}\n`).join(""));
}
