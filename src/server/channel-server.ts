import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import type { UpgradeExchange } from "./exchange.ts";
import { StatusError } from "./failure.ts";

/** Kubernetes' protocols of several streams in one WebSocket, the best first; v5 can also say that one has ended. */
export const channelProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** Takes WebSockets that speak one of `channelProtocols`. */
export function channelServer(): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 4 * 1024 * 1024,
    handleProtocols: (offered) => channelProtocols.find((protocol) => offered.has(protocol)) ?? false,
  });
}

/**
 * Throws BadRequest where the client speaks none of the protocols, and MethodNotAllowed where it does not begin as a
 * WebSocket has to (RFC 6455, 4.1); `what` is the verb, such as `exec`.
 */
export function requireProtocol({ request }: UpgradeExchange, what: string): void {
  if (request.method !== "GET") {
    throw new StatusError("MethodNotAllowed", `${what} over a WebSocket begins with GET`);
  }
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (channelProtocols.some((protocol) => offered.includes(protocol))) return;
  throw new StatusError(
    "BadRequest",
    `${what} speaks the WebSocket protocols ${channelProtocols.join(" and ")}`,
  );
}

/**
 * Upgrades the connection and resolves when `serve` does; `serve` begins at once, so that no message is missed. False
 * without it where the client is gone or its handshake is refused, so that what was opened for it can be left.
 */
export async function serveWebSocket(
  server: WebSocketServer,
  { request, socket, head }: UpgradeExchange,
  serve: (webSocket: WebSocket) => Promise<void>,
): Promise<boolean> {
  let serving: Promise<void> | undefined;
  // Calls back before it returns, or never.
  server.handleUpgrade(request, socket, head, (webSocket) => {
    serving = serve(webSocket);
  });
  await serving;
  return serving !== undefined;
}
