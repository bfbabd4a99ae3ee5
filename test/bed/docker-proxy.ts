import { createServer, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";

/** A request that came to the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** Without the `/v1.41` prefix and the query. */
  readonly path: string;
  readonly query: string;
  /** Anything but GET and HEAD. */
  readonly mutating: boolean;
  /** The fault it met, if any. */
  readonly fault?: ProxyFault;
  /** Its sender waits for it (for ever when the connection is upgraded), has all of it, or lost the connection before. */
  readonly answer: "awaited" | "given" | "lost";
}

/**
 * What a rule does: answer late, never answer, drop the connection before the engine hears of it, answer an error in the
 * engine's place, let the engine act and drop the answer, cut the answer after its headers and first bytes, or keep the
 * request and hand it to the engine when the rule is removed, whether or not the client is still there.
 */
export type ProxyFault = "delay" | "hang" | "reset" | "status" | "lost" | "cut" | "late";

/** A fault for the requests that match; without method or path it matches every one. */
export interface ProxyRule {
  readonly fault: ProxyFault;
  readonly method?: string;
  readonly path?: RegExp;
  /** Let this many matching requests through first. */
  readonly after?: number;
  /** How many requests the rule catches; for ever unless told. */
  readonly times?: number;
  readonly delayMs?: number;
  readonly status?: number;
  readonly message?: string;
}

/** Changes what is asked or answered, as JSON, so that an engine can pass for another one. */
export interface ProxyRewrite {
  readonly method: string;
  readonly path: RegExp;
  readonly request?: (body: never) => object;
  readonly answer?: (body: never) => object;
}

/** A proxy in front of an engine's socket. */
export interface DockerProxy {
  readonly socketPath: string;
  readonly requests: readonly ProxiedRequest[];
  /** The mutating requests so far, as "POST /containers/create". */
  mutations(): string[];
  /** Forgets the requests so far. */
  clear(): void;
  /** Adds a rule and returns what removes it; requests that hang are then dropped. */
  addRule(rule: ProxyRule): () => void;
  /** Rewrites the requests that match, and returns what ends it. */
  addRewrite(rewrite: ProxyRewrite): () => void;
  /** Drops every open connection, as an engine that dies does. */
  cutStreams(): void;
  stop(): Promise<void>;
}

interface NotedRequest extends ProxiedRequest {
  answer: ProxiedRequest["answer"];
}

interface StandingRule {
  readonly rule: ProxyRule;
  seen: number;
  readonly held: Set<Duplex>;
  /** What hands the kept requests to the engine. */
  readonly late: (() => void)[];
}

let proxies = 0;

/** Starts a proxy that passes everything (streams and upgrades too) to the engine behind `target` and counts it. */
export async function startDockerProxy(target: string, listen?: string): Promise<DockerProxy> {
  proxies += 1;
  const socketPath = listen ?? join(tmpdir(), `ds01-bed-proxy-${process.pid}-${proxies}.sock`);
  const requests: NotedRequest[] = [];
  const rules: StandingRule[] = [];
  const rewrites = new Set<ProxyRewrite>();
  const sockets = new Set<Duplex>();

  const note = (incoming: IncomingMessage): StandingRule | undefined => {
    const method = incoming.method ?? "";
    const [path = "", query = ""] = (incoming.url ?? "").replace(/^\/v\d+\.\d+(?=\/)/, "").split("?");
    const standing = rules.find((candidate) => matches(candidate, method, path));
    const mutating = method !== "GET" && method !== "HEAD";
    requests.push({
      method,
      path,
      query,
      mutating,
      answer: "awaited",
      ...(standing === undefined ? {} : { fault: standing.rule.fault }),
    });
    return standing;
  };
  const noteAnswer = (outgoing: ServerResponse): void => {
    const request = requests.at(-1);
    outgoing.once("close", () => {
      if (request !== undefined) request.answer = outgoing.writableFinished ? "given" : "lost";
    });
  };

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse, fault?: ProxyFault): void => {
    const path = requests.at(-1)?.path ?? "";
    const rewrite = [...rewrites].find((one) => one.method === incoming.method && one.path.test(path));
    if (rewrite === undefined) forward(target, incoming, outgoing, fault);
    else void forwardRewritten(target, incoming, outgoing, rewrite);
  };

  const server = createServer({ requestTimeout: 0 }, (incoming, outgoing) => {
    const standing = note(incoming);
    noteAnswer(outgoing);
    const rule = standing?.rule;
    if (rule?.fault === "hang") standing?.held.add(incoming.socket);
    else if (rule?.fault === "late")
      void keep(target, incoming, outgoing).then((send) => standing?.late.push(send));
    else if (rule?.fault === "reset") incoming.socket.destroy();
    else if (rule?.fault === "status") answerStatus(incoming, outgoing, rule);
    else if (rule?.fault === "delay")
      setTimeout(() => forward(target, incoming, outgoing), rule.delayMs ?? 1_000);
    else pass(incoming, outgoing, rule?.fault);
  });
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const standing = note(incoming);
    if (standing?.rule.fault === "reset") socket.destroy();
    else if (standing?.rule.fault === "hang") standing.held.add(socket);
    else forwardUpgrade(target, incoming, socket, head);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  });
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });

  const cutStreams = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    socketPath,
    requests,
    mutations: () =>
      requests.filter((request) => request.mutating).map((request) => `${request.method} ${request.path}`),
    clear: () => requests.splice(0),
    addRule(rule) {
      const standing: StandingRule = { rule, seen: 0, held: new Set(), late: [] };
      rules.push(standing);
      return () => {
        const at = rules.indexOf(standing);
        if (at >= 0) rules.splice(at, 1);
        for (const socket of standing.held) socket.destroy();
        for (const send of standing.late) send();
      };
    },
    addRewrite(rewrite) {
      rewrites.add(rewrite);
      return () => void rewrites.delete(rewrite);
    },
    cutStreams,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cutStreams();
      await closed;
      rmSync(socketPath, { force: true });
    },
  };
}

function matches(standing: StandingRule, method: string, path: string): boolean {
  const { rule } = standing;
  if (rule.method !== undefined && rule.method !== method) return false;
  if (rule.path !== undefined && !rule.path.test(path)) return false;
  standing.seen += 1;
  const caught = standing.seen - (rule.after ?? 0);
  return caught > 0 && caught <= (rule.times ?? Number.POSITIVE_INFINITY);
}

function answerStatus(incoming: IncomingMessage, outgoing: ServerResponse, rule: ProxyRule): void {
  incoming.resume();
  outgoing.writeHead(rule.status ?? 500, { "content-type": "application/json" });
  outgoing.end(JSON.stringify({ message: rule.message ?? "fault of the test bed" }));
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault?: ProxyFault,
): void {
  const upstream = toEngine(target, incoming);
  upstream.on("response", (response) => {
    if (fault === "lost") {
      response.resume();
      response.on("end", () => incoming.socket.destroy());
      return;
    }
    outgoing.writeHead(response.statusCode ?? 502, response.statusMessage, response.headers);
    outgoing.flushHeaders();
    if (fault === "cut") {
      response.once("data", (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => incoming.socket.destroy());
        response.destroy();
      });
      return;
    }
    response.pipe(outgoing);
    response.on("error", () => outgoing.destroy());
  });
  upstream.on("error", () => incoming.socket.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}

/** Reads the request to its end; what it answers sends it on, with or without somebody to answer. */
async function keep(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<() => void> {
  const body = await bytesOf(incoming);
  return () => {
    const upstream = toEngine(target, incoming);
    upstream.on("response", (response) => {
      if (outgoing.closed) {
        response.resume();
        return;
      }
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    upstream.on("error", () => outgoing.destroy());
    upstream.end(body);
  };
}

async function forwardRewritten(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  rewrite: ProxyRewrite,
): Promise<void> {
  const asked = rewritten(await bytesOf(incoming), rewrite.request);
  const headers = { ...incoming.headers, "content-length": String(asked.length) };
  delete headers["transfer-encoding"];
  const upstream = toEngine(target, { method: incoming.method, url: incoming.url, headers });
  upstream.on("error", () => incoming.socket.destroy());
  const answered = new Promise<IncomingMessage>((resolve) => upstream.once("response", resolve));
  upstream.end(asked);
  const response = await answered;
  const isGood = (response.statusCode ?? 500) < 300;
  const answer = rewritten(await bytesOf(response), isGood ? rewrite.answer : undefined);
  outgoing.writeHead(response.statusCode ?? 502, { "content-type": "application/json" });
  outgoing.end(answer);
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function rewritten(bytes: Buffer, change: ((body: never) => object) | undefined): Buffer {
  if (change === undefined || bytes.length === 0) return bytes;
  return Buffer.from(JSON.stringify(change(JSON.parse(bytes.toString()) as never)));
}

function forwardUpgrade(target: string, incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
  const upstream = toEngine(target, incoming);
  upstream.on("upgrade", (response, engineSocket, engineHead) => {
    socket.write(`HTTP/1.1 101 UPGRADED\r\n${rawHeaders(response)}\r\n`);
    socket.write(engineHead);
    couple(socket, engineSocket);
  });
  upstream.on("response", (response) => {
    socket.write(`HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n${rawHeaders(response)}\r\n`);
    response.pipe(socket);
  });
  upstream.on("error", () => socket.destroy());
  socket.on("error", () => upstream.destroy());
  // An exec's body may come with the upgrade request; Node hands it over as the head or on the socket.
  const length = Number(incoming.headers["content-length"] ?? 0);
  collect(socket, head, length, (body, rest) => {
    upstream.end(body);
    if (rest.length > 0) socket.unshift(rest);
  });
}

function collect(
  socket: Duplex,
  head: Buffer,
  length: number,
  done: (body: Buffer, rest: Buffer) => void,
): void {
  if (head.length >= length) {
    done(head.subarray(0, length), head.subarray(length));
    return;
  }
  socket.once("data", (chunk: Buffer) => {
    socket.pause();
    collect(socket, Buffer.concat([head, chunk]), length, done);
  });
}

function couple(left: Duplex, right: Duplex): void {
  left.pipe(right).on("error", () => left.destroy());
  right.pipe(left).on("error", () => right.destroy());
}

function toEngine(
  target: string,
  incoming: Pick<IncomingMessage, "method" | "url" | "headers">,
): ClientRequest {
  const { method, url, headers } = incoming;
  return httpRequest({
    socketPath: target,
    agent: false,
    headers,
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { path: url }),
  });
}

function rawHeaders(response: IncomingMessage): string {
  let text = "";
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    text += `${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}\r\n`;
  return text;
}
