import type { ContainerUsage, ContainerUsageList } from "../../api/container-usage.ts";
import type { ContainerUse } from "../../ports/container-access.ts";
import { NotFoundError } from "../../util/errors.ts";
import { may } from "../access.ts";
import { sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { forbidden } from "../failure.ts";
import { podType } from "../resource-type.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

const base = "/apis/metrics.k8s.io/v1beta1";

/** What containers use, under the paths where kubectl top asks for it. */
export function metricsRoutes(services: Services): readonly Route[] {
  return [
    { method: "GET", pattern: `${base}/pods`, handle: (exchange) => sendUsage(services, exchange) },
    {
      method: "GET",
      pattern: `${base}/namespaces/:namespace/pods`,
      handle: (exchange) => sendUsage(services, exchange),
    },
  ];
}

/** Of a namespace, or of all that the caller may see. */
async function sendUsage(services: Services, { caller, parameters, response }: Exchange): Promise<void> {
  const { namespace } = parameters;
  if (namespace !== undefined && !may(caller, "list", "pods/metrics", namespace)) {
    throw forbidden(caller, "list", podType, { namespace });
  }
  const { control, clock, containers } = services;
  const running = control.store
    .list("ContainerSpec")
    .filter((record) => namespace === undefined || record.namespace === namespace)
    .filter((record) => may(caller, "list", "pods/metrics", record.namespace))
    .flatMap(({ namespace: owner, name }) => {
      const id = control.containerId(owner, name);
      return id === undefined ? [] : [{ namespace: owner, name, id }];
    });
  const items = await Promise.all(
    running.map(async ({ id, ...metadata }) => {
      const use = await containers.use(id).catch((error: unknown) => {
        // It has gone meanwhile.
        if (error instanceof NotFoundError) return null;
        throw error;
      });
      return use === null ? [] : [usageOf(metadata, use, clock.now())];
    }),
  );
  const list: ContainerUsageList = {
    kind: "PodMetricsList",
    apiVersion: "metrics.k8s.io/v1beta1",
    metadata: {},
    items: items.flat(),
  };
  sendJson(response, 200, list);
}

function usageOf(metadata: ContainerUsage["metadata"], use: ContainerUse, now: number): ContainerUsage {
  return {
    metadata,
    timestamp: new Date(now).toISOString(),
    window: `${Math.round(use.windowMs)}ms`,
    containers: [
      {
        name: metadata.name,
        usage: { cpu: `${Math.round(use.cpus * 1000)}m`, memory: `${Math.round(use.memoryBytes / 1024)}Ki` },
        pids: use.pids,
      },
    ],
  };
}
