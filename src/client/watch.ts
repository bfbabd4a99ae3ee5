import type { ApiObject } from "../api/meta.ts";
import type { KindName } from "../api/names.ts";
import type { StatusObject } from "../api/status-error.ts";
import type { Table } from "../api/table.ts";
import { isAbort } from "../util/errors.ts";
import { readText, send, unreachable } from "./connection.ts";
import type { Connection } from "./connection.ts";
import { collectionPath, queryText, selectionQuery } from "./paths.ts";
import type { Selection } from "./paths.ts";
import { errorOfAnswer, errorOfStatus, isStatus } from "./status.ts";

/** One line of a watch. A BOOKMARK only carries a resourceVersion. */
export interface WatchEvent<T = ApiObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

export interface WatchOptions extends Selection {
  /** Changes after this one; absent: first an ADDED for everything that is there, then changes. */
  readonly resourceVersion?: string;
  /** The server ends the watch after this long; absent: never. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
}

export const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/**
 * Changes of the selected objects as they happen; ends when the signal aborts or `timeoutSeconds` have passed.
 * Ds01Error with reason `Expired` when the changes since `resourceVersion` are no longer known: list again.
 * UnreachableError when the controller goes away.
 */
export function watchObjects(
  connection: Connection,
  kind: KindName,
  options: WatchOptions,
): AsyncGenerator<WatchEvent> {
  return watchLines<ApiObject>(connection, kind, options, "application/json");
}

/** The same as one-row Tables; only the first carries column definitions. */
export function watchTables(
  connection: Connection,
  kind: KindName,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<Table>> {
  return watchLines<Table>(connection, kind, options, tableAccept);
}

async function* watchLines<T>(
  connection: Connection,
  kind: KindName,
  options: WatchOptions,
  accept: string,
): AsyncGenerator<WatchEvent<T>> {
  const query = queryText({
    watch: true,
    ...selectionQuery(options),
    resourceVersion: options.resourceVersion,
    timeoutSeconds: options.timeoutSeconds,
  });
  const path = collectionPath(kind, options.namespace) + query;
  const { signal } = options;
  try {
    const response = await send(connection, { path, accept, ...(signal === undefined ? {} : { signal }) });
    if (response.statusCode !== 200) {
      throw errorOfAnswer(response.statusCode ?? 0, await readText(connection, response));
    }
    try {
      for await (const line of linesOf(connection, response)) {
        // The server is trusted to send what its API documents.
        const event = JSON.parse(line) as WatchEvent<T> | { type: "ERROR"; object: StatusObject };
        if (event.type !== "ERROR") yield event;
        else if (isStatus(event.object)) throw errorOfStatus(event.object);
      }
    } finally {
      response.destroy();
    }
  } catch (error) {
    // An abort shows as a connection that was cut.
    if (signal?.aborted !== true) throw error;
  }
}

async function* linesOf(connection: Connection, chunks: NodeJS.ReadableStream): AsyncGenerator<string> {
  chunks.setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of chunks) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield line;
    }
  } catch (error) {
    throw isAbort(error) ? error : unreachable(connection, error);
  }
}
