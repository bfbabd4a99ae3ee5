import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { StatusError } from "./failure.ts";
import type { Caller } from "./access.ts";

/** What every request carries, whether it is answered or upgraded. */
export interface RequestContext {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Values of the `:names` in the route's pattern, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly caller: Caller;
}

/** One request and its answer. */
export interface Exchange extends RequestContext {
  readonly response: ServerResponse;
}

/** One request that becomes a WebSocket. */
export interface UpgradeExchange extends RequestContext {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Requests larger than this are refused. */
const bodyLimitBytes = 1024 * 1024;

/** The body as text; RequestEntityTooLarge beyond the limit. */
export async function readBody(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString("utf8");
}

/** The body as it came; RequestEntityTooLarge beyond the limit. */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = new StatusError(
    "RequestEntityTooLarge",
    `the body is larger than ${bodyLimitBytes} bytes, which is the limit`,
  );
  if (Number(request.headers["content-length"] ?? 0) > bodyLimitBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bodyLimitBytes) throw tooLarge;
      chunks.push(chunk);
    }
  } catch (error) {
    if (error === tooLarge || request.complete) throw error;
    // Who goes away, or is left for being slow, is no fault of this server.
    throw new StatusError("BadRequest", "the connection ended before the body did");
  }
  return Buffer.concat(chunks);
}

/** Media type of the body without its parameters; empty when none is named. */
export function contentType(request: IncomingMessage): string {
  return (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

/** A parameter of the route's pattern; the router has filled all of them. */
export function parameter(context: RequestContext, name: string): string {
  const value = context.parameters[name];
  if (value === undefined) throw new TypeError(`the route has no parameter "${name}"`);
  return value;
}

/** True for the words that Go's ParseBool accepts; python's client sends `True`. */
export function flag(query: URLSearchParams, name: string): boolean {
  return ["1", "t", "T", "true", "TRUE", "True"].includes(query.get(name) ?? "");
}

/** A whole number of the query; null when absent, BadRequest when it is none. */
export function wholeNumber(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null || text === "") return null;
  if (!/^\d{1,15}$/.test(text)) {
    throw new StatusError("BadRequest", `${name}: wanted a whole number, found "${text}"`);
  }
  return Number(text);
}

/** A time of the query as RFC 3339 has it, in milliseconds; null when absent, BadRequest when it is none. */
export function timeOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null || text === "") return null;
  const time = Date.parse(text);
  if (/^\d{4}-\d\d-\d\dT/.test(text) && Number.isFinite(time)) return time;
  throw new StatusError("BadRequest", `${name}: wanted a time such as 2026-03-01T12:00:00Z, found "${text}"`);
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, code: number, body: unknown, type?: string): void {
  sendJsonText(response, code, JSON.stringify(body), type);
}

/** Answers with JSON that is written out already. */
export function sendJsonText(response: ServerResponse, code: number, text: string, type?: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(code, { "content-type": type ?? "application/json", "content-length": bytes.length });
  response.end(bytes);
}

/** Answers with JSON of which the longer part is bytes already. */
export function sendJsonParts(response: ServerResponse, head: string, rest: Buffer): void {
  const length = Buffer.byteLength(head) + rest.length;
  response.writeHead(200, { "content-type": "application/json", "content-length": length });
  // Both in one go.
  response.cork();
  response.write(head);
  response.end(rest);
  response.uncork();
}

/** Answers with text. */
export function sendText(response: ServerResponse, code: number, text: string): void {
  const bytes = Buffer.from(text);
  response.writeHead(code, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": bytes.length,
  });
  response.end(bytes);
}
