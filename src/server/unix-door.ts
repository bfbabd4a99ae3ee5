import { createServer } from "node:http";
import { serveRequests, timeLimits } from "./http-server.ts";
import type { HttpServer, HttpServerParts } from "./http-server.ts";
import { listenAtSocket } from "./socket-file.ts";

/** Serves the API at a unix socket, where the kernel says who connects. */
export async function openUnixDoor(socketPath: string, parts: HttpServerParts): Promise<HttpServer> {
  const server = createServer(timeLimits(parts.patienceMs));
  const served = serveRequests(server, parts);
  await listenAtSocket(server, socketPath);
  return served;
}
