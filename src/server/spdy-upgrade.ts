import type { Duplex } from "node:stream";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { UpgradeExchange } from "./exchange.ts";

/** What Kubernetes speaks over SPDY: forwarded ports, and streams of a process. */
type Protocol = "portforward.k8s.io" | "v4.channel.k8s.io";

const tunnelProtocol = "SPDY/3.1+portforward.k8s.io";

const tunnels = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  maxPayload: 4 * 1024 * 1024,
});
// ws takes "/" for no character of a protocol's name, so that it is told of none.
tunnels.on("headers", (headers) => headers.push(`Sec-WebSocket-Protocol: ${tunnelProtocol}`));

/**
 * The SPDY connection that a request asks for, once it is agreed to: the connection itself, or for ports also one inside
 * a WebSocket. Undefined where it asks for something else.
 */
export function upgradeToSpdy(
  { request, socket, head }: UpgradeExchange,
  protocol: Protocol,
): (() => Duplex | undefined) | undefined {
  const { upgrade = "" } = request.headers;
  if (
    upgrade.toLowerCase() === "spdy/3.1" &&
    wordsOf(request.headers["x-stream-protocol-version"]).includes(protocol)
  ) {
    return () => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n" +
          `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
      );
      if (head.length > 0) socket.unshift(head);
      return socket;
    };
  }
  const isTunnel = wordsOf(request.headers["sec-websocket-protocol"]).includes(tunnelProtocol);
  if (!isTunnel || protocol !== "portforward.k8s.io" || request.method !== "GET") return undefined;
  return () => {
    delete request.headers["sec-websocket-protocol"];
    let tunnel: Duplex | undefined;
    // Calls back before it returns, or never.
    tunnels.handleUpgrade(request, socket, head, (webSocket) => (tunnel = createWebSocketStream(webSocket)));
    return tunnel;
  };
}

function wordsOf(header: string | readonly string[] | undefined): readonly string[] {
  return [header ?? []].flat().flatMap((line) => line.split(",").map((word) => word.trim()));
}
