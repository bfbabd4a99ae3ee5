import type { Clock } from "../ports/clock.ts";
import type { ContainerAccess } from "../ports/container-access.ts";
import type { ControlPlane } from "../ports/control-plane.ts";
import type { Identity } from "../ports/identity.ts";
import type { Log } from "../ports/log.ts";
import type { SpecWriter } from "../ports/spec-writer.ts";
import type { AdminRule } from "./access.ts";
import { createCallerLookup } from "./caller.ts";
import type { ReadPeerCredentials } from "./caller.ts";
import { startHttpServer } from "./http-server.ts";
import type { HttpServer } from "./http-server.ts";
import { mergeRuns } from "./merged-runs.ts";
import { createRouter } from "./router.ts";
import { adoptionRoutes } from "./routes/adoptions.ts";
import { containerActionRoutes } from "./routes/container-actions.ts";
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
import { metricsRoutes } from "./routes/metrics.ts";
import { portForwardRoutes } from "./routes/port-forward.ts";
import { readingRoutes } from "./routes/reading.ts";
import { writingRoutes } from "./routes/writing.ts";
import { serveResources } from "./served-resource.ts";
import type { Services } from "./services.ts";

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
  readonly admins: AdminRule;
  /** Version of ds01. */
  readonly version: string;
  /** Changes kept a kind for watches that come back; 1000 where absent. */
  readonly historyLength?: number;
  /** How long a write waits until the controller has taken it up; 5 s where absent. */
  readonly writeDeadlineMs?: number;
  /** Time between bookmarks; 60 s where absent. */
  readonly bookmarkIntervalMs?: number;
}

/** Serves the API at a unix socket until it is closed. */
export async function startApiServer(options: ApiServerOptions): Promise<HttpServer> {
  const resources = serveResources(options.control, options.historyLength ?? 1000);
  const services: Services = {
    control: options.control,
    writer: options.writer,
    containers: options.containers,
    clock: options.clock,
    log: options.log,
    resources,
    resync: mergeRuns(() => options.control.resync()),
    version: options.version,
    writeDeadlineMs: options.writeDeadlineMs ?? 5000,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
  };
  const routes = [
    ...healthRoutes(services),
    ...discoveryRoutes(services),
    ...readingRoutes(services),
    ...writingRoutes(services),
    ...gpuSchedulingRoutes(services),
    ...namespaceRoutes(services),
    ...logRoutes(services),
    ...processRoutes(services),
    ...portForwardRoutes(services),
    ...metricsRoutes(services),
    ...containerActionRoutes(services),
    ...operationRoutes(services),
    ...imagePruneRoutes(services),
    ...deletedObjectRoutes(services),
    ...emergencyRoutes(services),
    ...adoptionRoutes(services),
    ...questionRoutes(services),
  ];
  try {
    const server = await startHttpServer({
      socketPath: options.socketPath,
      router: createRouter(routes),
      callerOf: createCallerLookup(options.peerCredentials, options.identity, options.admins),
      log: options.log,
    });
    return {
      close: async () => {
        resources.close();
        await server.close();
      },
    };
  } catch (error) {
    resources.close();
    throw error;
  }
}
