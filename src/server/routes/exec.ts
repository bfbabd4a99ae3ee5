import { WebSocketServer } from "ws";
import { containerOf } from "../container-of.ts";
import { flag } from "../exchange.ts";
import type { UpgradeExchange } from "../exchange.ts";
import { runExec } from "../exec-stream.ts";
import { StatusError } from "../failure.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** Kubernetes' exec protocols, the best first; v5 can also say that standard input has ended. */
const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/** Runs commands in containers over a WebSocket, as kubectl, its libraries and `ds01 exec` do. */
export function execRoutes(services: Services): readonly Route[] {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 4 * 1024 * 1024,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  const pattern = "/api/v1/namespaces/:namespace/pods/:name/exec";
  const handle = (): never => {
    throw new StatusError("BadRequest", "exec needs a WebSocket; this request did not ask for one");
  };
  return [
    { method: "GET", pattern, handle, upgrade: (exchange) => exec(services, server, exchange) },
    { method: "POST", pattern, handle },
  ];
}

async function exec(services: Services, server: WebSocketServer, exchange: UpgradeExchange): Promise<void> {
  const { query, request, socket, head } = exchange;
  const id = containerOf(services, exchange, "exec");
  const command = query.getAll("command");
  if (command.length === 0) throw new StatusError("BadRequest", "you must specify at least one command");
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (!protocols.some((protocol) => offered.includes(protocol))) {
    throw new StatusError("BadRequest", `exec speaks the WebSocket protocols ${protocols.join(" and ")}`);
  }
  const options = { command, stdin: flag(query, "stdin"), tty: flag(query, "tty") };
  const session = await services.containers.exec(id, options);
  await new Promise<void>((resolve) => {
    server.handleUpgrade(request, socket, head, (webSocket) => {
      // At once: what the client has already sent would find no listener later.
      const ended = runExec(webSocket, session, (error) => {
        services.log.warn({ container: id, err: error }, "exec ended with an error");
      });
      resolve(ended);
    });
  });
}
