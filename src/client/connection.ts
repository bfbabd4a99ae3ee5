import { request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from "node:http";
import { connect } from "node:net";
import { doorUnreachable, type HttpsDoor } from "./https-door.ts";
import { DeniedError, isAbort, UnreachableError } from "../util/errors.ts";

/** Where a client connects to. */
export interface Connection {
  readonly socketPath: string;
  readonly userAgent: string;
  /** In the place of the socket, whose path is then its address; absent: the socket. */
  readonly door?: HttpsDoor;
}

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with its query. */
  readonly path: string;
  readonly accept?: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** Sends one request; resolves with the answer whatever its status. UnreachableError when nobody answers. */
export async function send(connection: Connection, call: Call): Promise<IncomingMessage> {
  const body = call.body === undefined ? undefined : Buffer.from(call.body);
  const options = {
    method: call.method ?? "GET",
    path: call.path,
    headers: {
      host: "ds01",
      accept: call.accept ?? "application/json",
      "user-agent": connection.userAgent,
      ...(body === undefined
        ? {}
        : { "content-type": call.contentType ?? "application/json", "content-length": body.length }),
    },
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  };
  const request = await requestOf(connection, options);
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", (error) => {
      reject(isAbort(error) ? error : unreachable(connection, error));
    });
    request.end(body);
  });
}

async function requestOf(
  { socketPath, door }: Connection,
  options: Omit<RequestOptions, "headers"> & { readonly headers: OutgoingHttpHeaders },
): Promise<ClientRequest> {
  if (door !== undefined) return (await import("./https-request.ts")).httpsRequest(door, options);
  // An agent would compile Node's regular expression for IPv6 addresses, 5 ms of each `ds01 get`.
  return httpRequest({ ...options, socketPath, createConnection: () => connect(socketPath) });
}

/** The whole body of an answer as text; UnreachableError when it is cut off. */
export async function readText(connection: Connection, response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  try {
    for await (const chunk of response) text += String(chunk);
  } catch (error) {
    throw isAbort(error) ? error : unreachable(connection, error);
  }
  return text;
}

/** What a failed connection means for a person. */
export function unreachable(connection: Connection, error: unknown): Error {
  if (connection.door !== undefined) return doorUnreachable(connection.door, error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EACCES" || code === "EPERM") {
    return new DeniedError({
      reason: "SocketDenied",
      message: `The socket ${connection.socketPath} may not be opened by this user.`,
      remedy: "It should have mode 0666; see `ls -l` and restart ds01-controller.",
      cause: error,
    });
  }
  const cut = code === "ECONNRESET" || code === "EPIPE";
  return new UnreachableError({
    reason: "ControllerUnreachable",
    message: cut
      ? `The controller ended the connection at ${connection.socketPath} before it had answered.`
      : `The controller is not running (no answer at ${connection.socketPath}).`,
    remedy:
      "Containers go on as they are. Start it: systemctl start ds01-controller; look: journalctl -u ds01-controller -n 20",
    cause: error,
  });
}
