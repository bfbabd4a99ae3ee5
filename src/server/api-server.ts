import type { Clock } from "../ports/clock.ts";
import type { DoorSecrets } from "../ports/door-secrets.ts";
import type { ContainerAccess } from "../ports/container-access.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import type { Identity } from "../ports/identity.ts";
import type { Log } from "../ports/log.ts";
import type { SpecWriter } from "../ports/spec-writer.ts";
import type { AccessRule } from "./access.ts";
import { createAccessTokens } from "./access-token.ts";
import { callerOf, createCallerLookup } from "./caller.ts";
import type { ReadPeerCredentials } from "./caller.ts";
import { defaultPatienceMs } from "./http-server.ts";
import type { HttpServer } from "./http-server.ts";
import { openHttpsDoor } from "./https-door.ts";
import { mergeRuns } from "./merged-runs.ts";
import { createRouter } from "./router.ts";
import type { Route } from "./router.ts";
import { adoptionRoutes } from "./routes/adoptions.ts";
import { containerActionRoutes } from "./routes/container-actions.ts";
import { credentialRoutes } from "./routes/credentials.ts";
import type { NetworkDoor } from "./routes/credentials.ts";
import { discoveryRoutes } from "./routes/discovery.ts";
import { processRoutes } from "./routes/processes.ts";
import { gpuSchedulingRoutes } from "./routes/gpu-scheduling.ts";
import { healthRoutes } from "./routes/health.ts";
import { logRoutes } from "./routes/logs.ts";
import { imagePruneRoutes } from "./routes/image-prune.ts";
import { namespaceRoutes } from "./routes/namespaces.ts";
import { deletedObjectRoutes } from "./routes/deleted-objects.ts";
import { emergencyRoutes } from "./routes/emergency.ts";
import { operationRoutes } from "./routes/operations.ts";
import { questionRoutes } from "./routes/questions.ts";
import { quotaPreviewRoutes } from "./routes/quota-preview.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { portForwardRoutes } from "./routes/port-forward.ts";
import { readOnlyRoutes } from "./routes/read-only.ts";
import { readingRoutes } from "./routes/reading.ts";
import { reviewRoutes } from "./routes/reviews.ts";
import { statusRoutes } from "./routes/status.ts";
import { writingRoutes } from "./routes/writing.ts";
import { sourceRoutes } from "./routes/sources.ts";
import { serveResources } from "./served-resource.ts";
import type { Services } from "./services.ts";
import { openWebhookDoor } from "./webhook-door.ts";
import type { WebhookSettings } from "./webhook-door.ts";
import { openUnixDoor } from "./unix-door.ts";

export interface ApiServerOptions {
  /** Path of the unix socket, `ds01.sock` in the runtime directory. */
  readonly socketPath: string;
  readonly control: ControlPlane;
  readonly writer: SpecWriter;
  readonly containers: ContainerAccess;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly peerCredentials: ReadPeerCredentials;
  readonly access: AccessRule;
  /** The second door, at 127.0.0.1 over TLS; absent: closed. */
  readonly https?: { readonly port: number; readonly secrets: DoorSecrets };
  /** Where forges tell of pushes; absent: nowhere. */
  readonly webhook?: WebhookSettings;
  /** Version of ds01. */
  readonly version: string;
  /** Changes kept a kind for watches that come back; 1000 where absent. */
  readonly historyLength?: number;
  /** How long a write waits until the controller has taken it up; 5 s where absent. */
  readonly writeDeadlineMs?: number;
  /** Time between bookmarks; 60 s where absent. */
  readonly bookmarkIntervalMs?: number;
  /** How long a client may take to send its headers; 20 s where absent. */
  readonly patienceMs?: number;
}

/** Serves the API at a unix socket, and where wanted over TLS, until it is closed. */
export async function startApiServer(options: ApiServerOptions): Promise<HttpServer> {
  const resources = serveResources(options.control, {
    historyLength: options.historyLength ?? 1000,
    version: options.version,
    clock: options.clock,
  });
  const services: Services = {
    control: options.control,
    writer: options.writer,
    containers: options.containers,
    clock: options.clock,
    log: options.log,
    resources,
    callerByUid: (uid) => callerOf(uid, options.identity, options.access),
    knowsGroup: (group) => options.identity.knowsGroup(group),
    resync: mergeRuns(() => options.control.resync()),
    version: options.version,
    writeDeadlineMs: options.writeDeadlineMs ?? 5000,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
  };
  const doors: HttpServer[] = [];
  const close = async (): Promise<void> => {
    resources.close();
    await Promise.all(doors.map((door) => door.close()));
  };
  try {
    await openDoors(options, routesOf(services), doors);
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same routes behind both doors; those that hand out credentials only where the kernel says who asks. */
async function openDoors(
  options: ApiServerOptions,
  routes: readonly Route[],
  doors: HttpServer[],
): Promise<void> {
  const { identity, access, log, clock, https, patienceMs = defaultPatienceMs } = options;
  const peers = createCallerLookup(options.peerCredentials, identity, access);
  let network: NetworkDoor | undefined;
  doors.push(
    await openUnixDoor(options.socketPath, {
      router: createRouter([...routes, ...credentialRoutes(() => network)]),
      callerOf: ({ socket }) => peers(socket),
      log,
      patienceMs,
    }),
  );
  if (options.webhook !== undefined) doors.push(await openWebhookDoor({ ...options, ...options.webhook }));
  if (https === undefined) return;
  const tokens = createAccessTokens(https.secrets.tokenKey, clock);
  const router = createRouter(routes);
  const callerByUid = (uid: number): ReturnType<typeof callerOf> => callerOf(uid, identity, access);
  const door = await openHttpsDoor({ ...https, tokens, router, callerByUid, clock, log, patienceMs });
  doors.push(door);
  network = { tokens, address: { server: door.url, certificateAuthority: https.secrets.authority } };
}

function routesOf(services: Services): readonly Route[] {
  return [
    ...healthRoutes(services),
    ...discoveryRoutes(services),
    ...openApiRoutes(services),
    ...reviewRoutes(),
    ...readingRoutes(services),
    ...writingRoutes(services),
    ...statusRoutes(services),
    ...gpuSchedulingRoutes(services),
    ...namespaceRoutes(services),
    ...logRoutes(services),
    ...processRoutes(services),
    ...portForwardRoutes(services),
    ...metricsRoutes(services),
    ...containerActionRoutes(services),
    ...operationRoutes(services),
    ...sourceRoutes(services),
    ...imagePruneRoutes(services),
    ...deletedObjectRoutes(services),
    ...emergencyRoutes(services),
    ...adoptionRoutes(services),
    ...questionRoutes(services),
    ...quotaPreviewRoutes(services),
    // The last ones: what is written in some other way is asked before.
    ...readOnlyRoutes(services),
  ];
}
