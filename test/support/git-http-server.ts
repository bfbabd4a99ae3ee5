import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** So much of a pack comes before it stops. */
const beforeHangingBytes = 20_000;

/** Serves the bare repositories of a folder by http with Git's own program, and misbehaves when told to. */
export class GitHttpServer {
  readonly #root: string;
  readonly #server: Server;
  /** `user:password` that is asked for; null: nothing. */
  login: string | null = null;
  /** What it does with requests: answer, answer nothing, or begin to answer and stop or go. */
  mode: "serve" | "hang" | "hangInBody" | "hangInPack" | "cutInPack" | "fail" = "serve";
  /** Where requests are sent on to. */
  redirect: string | null = null;
  requests = 0;

  /** With a certificate it speaks https. */
  constructor(root: string, tls?: { readonly key: string; readonly certificate: string }) {
    this.#root = root;
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      this.#answer(request, response);
    this.#server =
      tls === undefined
        ? createServer(answer)
        : createTlsServer({ key: tls.key, cert: tls.certificate }, answer);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    if (this.mode === "hang") return;
    if (this.redirect !== null) return void response.writeHead(302, { Location: this.redirect }).end();
    if (this.mode === "fail") return void response.writeHead(503).end();
    const given = Buffer.from(
      (request.headers.authorization ?? "").replace(/^Basic /, ""),
      "base64",
    ).toString();
    if (this.login !== null && given !== this.login) {
      return void response.writeHead(401, { "WWW-Authenticate": 'Basic realm="test"' }).end();
    }
    const url = new URL(request.url ?? "/", "http://localhost");
    if (this.mode === "hangInBody" && url.pathname.endsWith("/git-upload-pack")) {
      response.writeHead(200, { "Content-Type": "application/x-git-upload-pack-result" });
      return void response.write("0008NAK\n");
    }
    this.#serve(url, request, response);
  }

  #serve(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const child = spawn("git", ["http-backend"], {
      env: {
        PATH: process.env["PATH"],
        GIT_PROJECT_ROOT: this.#root,
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_CONFIG_NOSYSTEM: "1",
        HOME: this.#root,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method ?? "GET",
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        ...(request.headers["content-encoding"] === undefined
          ? {}
          : { HTTP_CONTENT_ENCODING: request.headers["content-encoding"] }),
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
        REMOTE_ADDR: "127.0.0.1",
      },
    });
    request.pipe(child.stdin);
    const hangs = this.mode.endsWith("InPack") && url.pathname.endsWith("/git-upload-pack");
    passOn(child.stdout, response, hangs ? beforeHangingBytes : Infinity);
    if (hangs && this.mode === "cutInPack") child.stdout.on("end", () => response.destroy());
  }
}

/** A CGI answer: header lines, an empty line, the body, of which no more comes than `maximumBytes`. */
function passOn(output: NodeJS.ReadableStream, response: ServerResponse, maximumBytes: number): void {
  let left = maximumBytes;
  const write = (chunk: Buffer): void => {
    response.write(chunk.subarray(0, Math.max(0, left)));
    left -= chunk.length;
  };
  let head = Buffer.alloc(0);
  let isBody = false;
  output.on("data", (chunk: Buffer) => {
    if (isBody) return write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return;
    isBody = true;
    let status = 200;
    for (const line of head.subarray(0, end).toString().split("\r\n")) {
      const [, name = "", value = ""] = /^([^:]+): *(.*)$/.exec(line) ?? [];
      if (name === "Status") status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status);
    write(head.subarray(end + 4));
  });
  output.on("end", () => {
    if (left > 0) response.end();
  });
}
