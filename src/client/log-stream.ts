import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { keptLogHeader } from "../api/kept-log.ts";
import { readText, send } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { queryText } from "./paths.ts";
import { errorOfAnswer } from "./status.ts";

/** What of a log is wanted. */
export interface LogRequest {
  readonly follow?: boolean;
  /** What the build of its image wrote, in place of what it wrote itself. */
  readonly build?: boolean;
  /** Last lines only. */
  readonly tail?: number;
  readonly timestamps?: boolean;
  readonly sinceSeconds?: number;
  /** RFC 3339 */
  readonly sinceTime?: string;
  /** What was written before the last start. */
  readonly previous?: boolean;
  readonly signal?: AbortSignal;
}

/** What a container wrote. */
export interface LogAnswer {
  readonly stream: Readable;
  /** The container is gone, and these are the last lines of its run that ended then (RFC 3339); null: it is there. */
  readonly keptFrom: string | null;
}

/** Asks for the log at `path`; every failure is a Ds01Error. */
export async function openLog(connection: Connection, path: string, request: LogRequest): Promise<LogAnswer> {
  const query = queryText({
    follow: request.follow,
    build: request.build,
    tailLines: request.tail,
    timestamps: request.timestamps,
    sinceSeconds: request.sinceSeconds,
    sinceTime: request.sinceTime,
    previous: request.previous,
  });
  const response = await send(connection, {
    path: path + query,
    accept: "*/*",
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  if (response.statusCode === 200) return { stream: response, keptFrom: headerOf(response, keptLogHeader) };
  throw errorOfAnswer(response.statusCode ?? 0, await readText(connection, response));
}

function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" ? value : null;
}
