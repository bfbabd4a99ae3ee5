import type { Duplex } from "node:stream";
import { InvalidError, isCut } from "../../util/errors.ts";
import { channelServer, requireProtocol, serveWebSocket } from "../channel-server.ts";
import { containerOf } from "../container-of.ts";
import { endWithAccess } from "../end-with-access.ts";
import type { UpgradeExchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { forwardPorts } from "../forward-stream.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { forwardOverSpdy } from "../spdy-port-forward.ts";
import { upgradeToSpdy } from "../spdy-upgrade.ts";

/** More than any client asks for at once. */
const portLimit = 16;

/** Reaches ports of containers over a WebSocket, as client libraries and `ds01 port-forward` do, or SPDY, as kubectl does. */
export function portForwardRoutes(services: Services): readonly Route[] {
  const pattern = "/api/v1/namespaces/:namespace/pods/:name/portforward";
  const server = channelServer();
  const handle = (): never => {
    throw new StatusError(
      "BadRequest",
      "portforward needs a WebSocket or SPDY; this request asked for neither",
    );
  };
  const upgrade = async (exchange: UpgradeExchange): Promise<void> => {
    const { socket } = exchange;
    const stopLooking = endWithAccess(services, exchange, "portforward", () => socket.destroy());
    socket.once("close", stopLooking);
    await serve(exchange).finally(stopLooking);
  };
  const serve = async (exchange: UpgradeExchange): Promise<void> => {
    const id = containerOf(services, exchange, "portforward");
    const spdy = upgradeToSpdy(exchange, "portforward.k8s.io");
    if (spdy !== undefined) return serveSpdyForwarding(services, id, spdy());
    requireProtocol(exchange, "portforward");
    const ports = portsOf(exchange.query);
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
    { method: "POST", pattern, handle, upgrade },
  ];
}

/** `transport` is undefined where the client has gone meanwhile. */
async function serveSpdyForwarding(
  { containers, log }: Services,
  id: string,
  transport: Duplex | undefined,
): Promise<void> {
  if (transport === undefined) return;
  const onError = (error: unknown): void => {
    log.warn({ container: id, err: error }, "portforward ended with an error");
  };
  transport.on("error", () => transport.destroy());
  try {
    await forwardOverSpdy(transport, async (port) => containers.dial(id, checkedPort(port)), onError);
  } catch (error) {
    // The connection is no longer one of HTTP: nothing can be answered.
    if (!isCut(error)) onError(error);
  }
}

function checkedPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidError({ reason: "Invalid", message: "wanted a port from 1 to 65535" });
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
