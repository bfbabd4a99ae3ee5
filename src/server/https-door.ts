import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Clock } from "../ports/clock.ts";
import type { DoorSecrets } from "../ports/door-secrets.ts";
import { StalledError } from "../util/errors.ts";
import type { Caller } from "./access.ts";
import type { AccessTokens } from "./access-token.ts";
import { refuseForeignPages } from "./browser-guard.ts";
import { StatusError } from "./failure.ts";
import { serveRequests, timeLimits } from "./http-server.ts";
import type { HttpServer, HttpServerParts } from "./http-server.ts";
import { takeAuthorization } from "./websocket-token.ts";

export interface HttpsDoorOptions extends Omit<HttpServerParts, "callerOf"> {
  /** 0: any that is free. */
  readonly port: number;
  readonly secrets: DoorSecrets;
  readonly tokens: AccessTokens;
  readonly callerByUid: (uid: number) => Promise<Caller>;
  readonly clock: Clock;
}

export interface HttpsDoor extends HttpServer {
  /** Where it is reached. */
  readonly url: string;
}

/** What is answered to everybody. */
const publicPaths: readonly string[] = ["/version", "/healthz", "/livez", "/readyz"];
const anonymous: Caller = { uid: -1, user: "system:anonymous", groups: [], admin: false, seesAll: false };

/** Serves the API over TLS at 127.0.0.1 to those who show a token that they got at the unix socket. */
export async function openHttpsDoor(options: HttpsDoorOptions): Promise<HttpsDoor> {
  const { secrets, clock } = options;
  const { key, certificate, renewAt } = secrets.issueIdentity();
  const server = createServer({
    key,
    cert: certificate,
    minVersion: "TLSv1.2",
    handshakeTimeout: options.patienceMs,
    ...timeLimits(options.patienceMs),
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  const served = serveRequests(server, { ...options, callerOf: (request) => callerOf(options, request) });
  await listen(server, options.port);
  const stopRenewing = renew(server, secrets, clock, renewAt);
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      stopRenewing();
      await served.close();
    },
  };
}

async function callerOf(
  { tokens, callerByUid }: HttpsDoorOptions,
  request: IncomingMessage,
): Promise<Caller> {
  refuseForeignPages(request);
  const authorization = takeAuthorization(request.headers);
  if (authorization === undefined && isPublic(request)) return anonymous;
  const [, token = ""] = /^Bearer (\S+)$/i.exec(authorization ?? "") ?? [];
  const holder = tokens.holderOf(token);
  if (holder === undefined) throw new StatusError("Unauthorized", "Unauthorized");
  return { ...(await callerByUid(holder.uid)), expiresAt: holder.expiresAt };
}

function isPublic({ url = "", method }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && publicPaths.includes(url.replace(/\?.*$/s, ""));
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new StalledError({
          reason: "ApiPortTaken",
          message: `the API cannot listen at 127.0.0.1:${port}: ${cause.message}`,
          remedy: "choose another api.https.port in the configuration, or leave it out",
          cause,
        }),
      );
    });
    server.listen({ host: "127.0.0.1", port, backlog: 511 }, resolve);
  });
}

/** Replaces the certificate while the server runs; connections that are open keep theirs. */
function renew(server: Server, secrets: DoorSecrets, clock: Clock, firstAt: number): () => void {
  let stop: () => void;
  const wait = (until: number): void => {
    stop = clock.callAt(until, () => {
      const { key, certificate, renewAt } = secrets.issueIdentity();
      server.setSecureContext({ key, cert: certificate, minVersion: "TLSv1.2" });
      wait(renewAt);
    });
  };
  wait(firstAt);
  return () => stop();
}
