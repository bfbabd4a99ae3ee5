import { STATUS_CODES } from "node:http";
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Log } from "../ports/log.ts";
import type { StatusObject } from "../api/status-error.ts";
import type { Caller } from "./access.ts";
import { sendJson } from "./exchange.ts";
import { codeOf, StatusError, statusOfError } from "./failure.ts";
import { refuseImpersonation } from "./impersonation.ts";
import type { Router } from "./router.ts";

/** A listening server. */
export interface HttpServer {
  /** Ends all connections, watches included, and listens no more. */
  close(): Promise<void>;
}

/** A client that shakes hands, sends its headers or its body more slowly than this is left. */
export const defaultPatienceMs = 20_000;
/** Watches, commands and forwarded ports are connections, too. */
const connectionLimit = 4096;

/** How long a door waits for what a client has to send; a request that has come is answered for as long as it takes. */
export function timeLimits(patienceMs: number): ServerOptions {
  return {
    headersTimeout: patienceMs,
    requestTimeout: 3 * patienceMs,
    keepAliveTimeout: 90_000,
    connectionsCheckingInterval: patienceMs / 4,
  };
}

export interface HttpServerParts {
  readonly router: Router;
  /** Who sent a request; a StatusError ends it. */
  readonly callerOf: (request: IncomingMessage) => Promise<Caller>;
  readonly log: Log;
  /** Milliseconds */
  readonly patienceMs: number;
}

/** Answers what comes to a server; whatever a handler throws becomes a Status and never ends the process. */
export function serveRequests(server: Server, parts: HttpServerParts): HttpServer {
  server.maxConnections = connectionLimit;
  const upgraded = new Set<Duplex>();
  server.on("request", (request, response) => {
    answer(parts, request, response).catch((error: unknown) => fail(parts, request, response, error));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    // A peer that goes away is no failure of ours; the handler notices the close.
    socket.on("error", () => socket.destroy());
    upgrade(parts, request, socket, head).catch((error: unknown) => {
      const { status } = logged(parts, request, error);
      refuseUpgrade(socket, status, request.method !== "HEAD");
    });
  });
  server.on("clientError", (_, socket) => socket.destroy());
  return {
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      });
    },
  };
}

async function answer(
  parts: HttpServerParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const caller = await identify(parts, request);
  const { path, query } = target(request);
  const { route, parameters } = parts.router(request.method ?? "GET", path);
  await route.handle({ request, response, path, query, parameters, caller });
}

async function upgrade(
  parts: HttpServerParts,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const caller = await identify(parts, request);
  const { path, query } = target(request);
  const { route, parameters } = parts.router(request.method ?? "GET", path);
  // What is asked for with HEAD is the head of an answer, and an upgraded connection has none.
  if (request.method === "HEAD") {
    throw new StatusError("MethodNotAllowed", "HEAD upgrades no connection: wanted GET");
  }
  if (route.upgrade === undefined) {
    throw new StatusError("BadRequest", "this path is answered without an upgrade of the connection");
  }
  await route.upgrade({ request, socket, head, path, query, parameters, caller });
}

async function identify(parts: HttpServerParts, request: IncomingMessage): Promise<Caller> {
  try {
    const caller = await parts.callerOf(request);
    refuseImpersonation(request, caller);
    return caller;
  } catch (error) {
    if (error instanceof StatusError) throw error;
    parts.log.warn({ err: error }, "caller not identified");
    throw new StatusError("Unauthorized", "the user at the other end could not be identified");
  }
}

function target(request: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const url = request.url ?? "/";
  const at = url.indexOf("?");
  return at < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) };
}

function fail(
  parts: HttpServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  const { status } = logged(parts, request, error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The rest of a body that nobody reads must not become the next request.
  if (!request.complete) response.setHeader("connection", "close");
  sendJson(response, codeOf(status), status);
}

function logged(parts: HttpServerParts, request: IncomingMessage, error: unknown): { status: StatusObject } {
  const { status, unexpected } = statusOfError(error);
  if (unexpected) {
    parts.log.error({ err: error, method: request.method, path: target(request).path }, "request failed");
  }
  return { status };
}

function refuseUpgrade(socket: Duplex, status: StatusObject, withBody: boolean): void {
  if (socket.destroyed) return;
  const code = codeOf(status);
  const body = JSON.stringify(status);
  // The limits of the server are no longer those of this connection: a client that stays is left.
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ""}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${withBody ? body : ""}`,
  );
}
