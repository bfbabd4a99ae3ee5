import type { WebSocketServer } from "ws";
import type { ExecSession } from "../../ports/container-access.ts";
import { channelServer, requireProtocol, serveWebSocket } from "../channel-server.ts";
import { containerOf } from "../container-of.ts";
import { flag } from "../exchange.ts";
import type { UpgradeExchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { leaveProcess, runProcess } from "../process-stream.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** Connects with processes in containers over a WebSocket, as kubectl, its libraries and `ds01` do. */
export function processRoutes(services: Services): readonly Route[] {
  const server = channelServer();
  return [
    ...routesOf("exec", (exchange) => exec(services, server, exchange)),
    ...routesOf("attach", (exchange) => attach(services, server, exchange)),
  ];
}

function routesOf(
  subresource: string,
  upgrade: (exchange: UpgradeExchange) => Promise<void>,
): readonly Route[] {
  const pattern = `/api/v1/namespaces/:namespace/pods/:name/${subresource}`;
  const handle = (): never => {
    throw new StatusError("BadRequest", `${subresource} needs a WebSocket; this request did not ask for one`);
  };
  return [
    { method: "GET", pattern, handle, upgrade },
    { method: "POST", pattern, handle },
  ];
}

async function exec(services: Services, server: WebSocketServer, exchange: UpgradeExchange): Promise<void> {
  const { query } = exchange;
  const id = containerOf(services, exchange, "exec");
  const command = query.getAll("command");
  if (command.length === 0) throw new StatusError("BadRequest", "you must specify at least one command");
  requireProtocol(exchange, "exec");
  const options = { command, stdin: flag(query, "stdin"), tty: flag(query, "tty") };
  const session = await services.containers.exec(id, options);
  await serveSession(services, server, exchange, { id, verb: "exec", session });
}

async function attach(services: Services, server: WebSocketServer, exchange: UpgradeExchange): Promise<void> {
  const id = containerOf(services, exchange, "attach");
  requireProtocol(exchange, "attach");
  const session = await services.containers.attach(id, { stdin: flag(exchange.query, "stdin") });
  await serveSession(services, server, exchange, { id, verb: "attach", session });
}

async function serveSession(
  services: Services,
  server: WebSocketServer,
  exchange: UpgradeExchange,
  { id, verb, session }: { readonly id: string; readonly verb: string; readonly session: ExecSession },
): Promise<void> {
  const isServed = await serveWebSocket(server, exchange, (webSocket) =>
    runProcess(webSocket, session, (error) => {
      services.log.warn({ container: id, err: error }, `${verb} ended with an error`);
    }),
  );
  if (!isServed) leaveProcess(session);
}
