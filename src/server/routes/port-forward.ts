import { channelServer, requireProtocol, serveWebSocket } from "../channel-server.ts";
import { containerOf } from "../container-of.ts";
import type { UpgradeExchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { forwardPorts } from "../forward-stream.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** More than any client asks for at once. */
const portLimit = 16;

/** Reaches ports of containers over a WebSocket, as Kubernetes' client libraries and `ds01 port-forward` do. */
export function portForwardRoutes(services: Services): readonly Route[] {
  const pattern = "/api/v1/namespaces/:namespace/pods/:name/portforward";
  const server = channelServer();
  const handle = (): never => {
    throw new StatusError("BadRequest", "portforward needs a WebSocket; this request did not ask for one");
  };
  const upgrade = async (exchange: UpgradeExchange): Promise<void> => {
    const id = containerOf(services, exchange, "portforward");
    const ports = portsOf(exchange.query);
    requireProtocol(exchange, "portforward");
    const { containers, log } = services;
    const forwarded = ports.map((port) => ({ port, connect: () => containers.dial(id, port) }));
    await serveWebSocket(server, exchange, (webSocket) =>
      forwardPorts(webSocket, forwarded, (error) => {
        log.warn({ container: id, err: error }, "portforward ended with an error");
      }),
    );
  };
  return [
    { method: "GET", pattern, handle, upgrade },
    { method: "POST", pattern, handle },
  ];
}

function portsOf(query: URLSearchParams): readonly number[] {
  const words = query.getAll("ports").flatMap((text) => text.split(","));
  const ports = words.map(Number);
  const isRight = ports.every((port) => Number.isInteger(port) && port >= 1 && port <= 65535);
  if (ports.length > 0 && ports.length <= portLimit && isRight) return ports;
  throw new StatusError(
    "BadRequest",
    `ports: wanted 1 to ${portLimit} port numbers, found "${words.join(",")}"`,
  );
}
