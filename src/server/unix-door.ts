import { createServer } from "node:http";
import { serveRequests } from "./http-server.ts";
import type { HttpServer, HttpServerParts } from "./http-server.ts";
import { listenAtSocket } from "./socket-file.ts";

/** Serves the API at a unix socket, where the kernel says who connects. */
export async function openUnixDoor(socketPath: string, parts: HttpServerParts): Promise<HttpServer> {
  const server = createServer({ keepAliveTimeout: 90_000, requestTimeout: 0 });
  const served = serveRequests(server, parts);
  await listenAtSocket(server, socketPath);
  return served;
}
