import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves the bare repositories of a folder by http with Git's own program, and misbehaves when told to. */
export class GitHttpServer {
  readonly #root: string;
  readonly #server: Server;
  /** `user:password` that is asked for; null: nothing. */
  login: string | null = null;
  /** What it does with requests: answer, answer nothing, or begin to answer and stop. */
  mode: "serve" | "hang" | "hangInBody" | "fail" = "serve";
  requests = 0;

  constructor(root: string) {
    this.#root = root;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    if (this.mode === "hang") return;
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
    passOn(child.stdout, response);
  }
}

/** A CGI answer: header lines, an empty line, the body. */
function passOn(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  let isBody = false;
  output.on("data", (chunk: Buffer) => {
    if (isBody) return void response.write(chunk);
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
    response.write(head.subarray(end + 4));
  });
  output.on("end", () => response.end());
}
