import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../ports/clock.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import type { Log } from "../ports/log.ts";
import { messageOf, StalledError } from "../util/errors.ts";
import type { Caller } from "./access.ts";
import { parameter, readBytes, sendJson } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { StatusError } from "./failure.ts";
import { serveRequests, timeLimits } from "./http-server.ts";
import type { HttpServer } from "./http-server.ts";
import { createRouter } from "./router.ts";
import { isSigned, knowsSecret } from "./webhook-signature.ts";

/** Where forges tell that something was pushed. */
export interface WebhookSettings {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** The secret that a source shares with its forge; undefined where it takes no webhooks. Rejects where it cannot be read. */
  readonly secretOf: (source: string) => Promise<string | undefined>;
}

export interface WebhookDoorOptions extends WebhookSettings {
  readonly control: Pick<ControlPlane, "sources" | "syncSource">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Nobody here is a user: who knows the secret of a source may have it looked at, and nothing else. */
const forge: Caller = { uid: -1, user: "system:webhook", groups: [], admin: false, seesAll: false };
const accepted = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 202 } as const;
/** Who sends its headers more slowly, or its body three times as slowly, is left. */
const patienceMs = 10_000;
const connectionLimit = 64;
/** Time between two lines of the log that tell of refused requests. */
const quietMs = 60_000;

/**
 * Listens for the webhooks of forges at `POST /webhooks/SOURCE`. A request that shows the secret of the source has it
 * looked at now; nothing else in it counts, so that it does no harm to get one twice, late or never.
 */
export async function openWebhookDoor(options: WebhookDoorOptions): Promise<HttpServer> {
  const { host, log } = options;
  const server = createServer(timeLimits(patienceMs));
  const takesIn = receiver(options);
  const router = createRouter([{ method: "POST", pattern: "/webhooks/:source", handle: takesIn }]);
  const served = serveRequests(server, { router, callerOf: async () => forge, log, patienceMs });
  // Fewer than at the other doors, at which users are.
  server.maxConnections = connectionLimit;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  log.info({ reason: "WebhookListening", url: `http://${host}:${port}/webhooks/` }, "listening for webhooks");
  return served;
}

function receiver({
  control,
  secretOf,
  clock,
  log,
}: WebhookDoorOptions): (exchange: Exchange) => Promise<void> {
  const toldAt = new Map<string, number>();
  const tell = (source: string, reason: string, message: string): void => {
    if (clock.now() - (toldAt.get(`${source} ${reason}`) ?? -Infinity) < quietMs) return;
    toldAt.set(`${source} ${reason}`, clock.now());
    log.warn({ source, reason }, message);
  };
  return async (exchange) => {
    const { request, response } = exchange;
    const source = parameter(exchange, "source");
    const secret = await secretOf(source).catch((error: unknown) => {
      tell(source, "WebhookSecretUnreadable", messageOf(error));
      throw new StatusError("ServiceUnavailable", "the server cannot check this request now");
    });
    if (secret === undefined) throw new StatusError("NotFound", "there is no such webhook");
    if (!isSigned(request.headers) || !knowsSecret(request.headers, await readBytes(request), secret)) {
      tell(source, "WebhookRefused", "a webhook was refused: it does not show the secret of the source");
      throw new StatusError("Unauthorized", "Unauthorized");
    }
    if (control.sources.list().find(({ name }) => name === source)?.status.suspended !== undefined) {
      throw new StatusError("Conflict", "the source is suspended");
    }
    // A sync takes longer than forges wait, and its outcome shows at the source. Calls at the same time share one.
    control.syncSource(source).catch((error: unknown) => {
      log.warn({ err: error, source }, "the sync that a webhook has asked for failed");
    });
    sendJson(response, 202, accepted);
  };
}

async function listen(server: Server, { host, port }: WebhookSettings): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new StalledError({
          reason: "WebhookPortTaken",
          message: `webhooks cannot be listened for at ${host}:${port}: ${cause.message}`,
          remedy: "choose another api.webhook.listen in the configuration, or leave it out",
          cause,
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
}
