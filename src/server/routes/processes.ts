import type { Duplex } from "node:stream";
import type { WebSocketServer } from "ws";
import { isCut } from "../../util/errors.ts";
import type { ExecSession } from "../../ports/container-access.ts";
import { channelServer, requireProtocol, serveWebSocket } from "../channel-server.ts";
import { containerOf } from "../container-of.ts";
import { endWithAccess } from "../end-with-access.ts";
import { flag } from "../exchange.ts";
import type { UpgradeExchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { leaveProcess, runProcess } from "../process-stream.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { runProcessOverSpdy } from "../spdy-process.ts";
import { upgradeToSpdy } from "../spdy-upgrade.ts";

/** Connects with processes in containers over a WebSocket, as kubectl, its libraries and `ds01` do, or SPDY, as old ones do. */
export function processRoutes(services: Services): readonly Route[] {
  const server = channelServer();
  return [
    ...routesOf(services, "exec", (exchange) => exec(services, server, exchange)),
    ...routesOf(services, "attach", (exchange) => attach(services, server, exchange)),
  ];
}

function routesOf(
  services: Services,
  subresource: "exec" | "attach",
  serve: (exchange: UpgradeExchange) => Promise<void>,
): readonly Route[] {
  const upgrade = async (exchange: UpgradeExchange): Promise<void> => {
    const { socket } = exchange;
    const stopLooking = endWithAccess(services, exchange, subresource, () => socket.destroy());
    socket.once("close", stopLooking);
    await serve(exchange).finally(stopLooking);
  };
  const pattern = `/api/v1/namespaces/:namespace/pods/:name/${subresource}`;
  const handle = (): never => {
    throw new StatusError(
      "BadRequest",
      `${subresource} needs a WebSocket or SPDY; this request asked for neither`,
    );
  };
  return [
    { method: "GET", pattern, handle, upgrade },
    { method: "POST", pattern, handle, upgrade },
  ];
}

async function exec(services: Services, server: WebSocketServer, exchange: UpgradeExchange): Promise<void> {
  const { query } = exchange;
  const id = containerOf(services, exchange, "exec");
  const command = query.getAll("command");
  if (command.length === 0) throw new StatusError("BadRequest", "you must specify at least one command");
  const spdy = upgradeToSpdy(exchange, "v4.channel.k8s.io");
  if (spdy === undefined) requireProtocol(exchange, "exec");
  const options = { command, stdin: flag(query, "stdin"), tty: flag(query, "tty") };
  const session = await services.containers.exec(id, options);
  await serveSession(services, server, exchange, { id, verb: "exec", session, spdy });
}

async function attach(services: Services, server: WebSocketServer, exchange: UpgradeExchange): Promise<void> {
  const id = containerOf(services, exchange, "attach");
  const spdy = upgradeToSpdy(exchange, "v4.channel.k8s.io");
  if (spdy === undefined) requireProtocol(exchange, "attach");
  const session = await services.containers.attach(id, { stdin: flag(exchange.query, "stdin") });
  await serveSession(services, server, exchange, { id, verb: "attach", session, spdy });
}

interface ServedProcess {
  readonly id: string;
  readonly verb: string;
  readonly session: ExecSession;
  /** The connection, where the client speaks SPDY. */
  readonly spdy: (() => Duplex | undefined) | undefined;
}

async function serveSession(
  services: Services,
  server: WebSocketServer,
  exchange: UpgradeExchange,
  { id, verb, session, spdy }: ServedProcess,
): Promise<void> {
  const onError = (error: unknown): void => {
    services.log.warn({ container: id, err: error }, `${verb} ended with an error`);
  };
  if (spdy !== undefined) {
    await serveOverSpdy(exchange, session, { transport: spdy(), onError });
    return;
  }
  const isServed = await serveWebSocket(server, exchange, (webSocket) =>
    runProcess(webSocket, session, onError),
  );
  if (!isServed) leaveProcess(session);
}

async function serveOverSpdy(
  { query }: UpgradeExchange,
  session: ExecSession,
  {
    transport,
    onError,
  }: { readonly transport: Duplex | undefined; readonly onError: (error: unknown) => void },
): Promise<void> {
  if (transport === undefined) {
    leaveProcess(session);
    return;
  }
  transport.on("error", () => transport.destroy());
  const wanted = {
    stdin: flag(query, "stdin"),
    stdout: flag(query, "stdout"),
    stderr: flag(query, "stderr"),
    tty: flag(query, "tty"),
  };
  try {
    await runProcessOverSpdy(transport, wanted, session, onError);
  } catch (error) {
    // The connection is no longer one of HTTP: nothing can be answered.
    if (!isCut(error)) onError(error);
  }
}
