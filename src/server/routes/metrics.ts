import type { ContainerUsage, ContainerUsageList } from "../../api/container-usage.ts";
import type { ContainerUse } from "../../ports/container-access.ts";
import { NotFoundError } from "../../util/errors.ts";
import { may } from "../access.ts";
import { parameter, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { forbidden, notFound } from "../failure.ts";
import { hostFacts, hostUse } from "../host-facts.ts";
import { presentRecord } from "../present.ts";
import { nodeMetricsType, podMetricsType, podType } from "../resource-type.ts";
import type { Route } from "../router.ts";
import { selectorOf } from "../selector.ts";
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
    {
      method: "GET",
      pattern: `${base}/namespaces/:namespace/pods/:name`,
      handle: (exchange) => sendUsageOfOne(services, exchange),
    },
    { method: "GET", pattern: `${base}/nodes`, handle: (exchange) => sendNodes(services, exchange) },
    { method: "GET", pattern: `${base}/nodes/:name`, handle: (exchange) => sendNodes(services, exchange) },
  ];
}

async function sendUsageOfOne(services: Services, exchange: Exchange): Promise<void> {
  const { caller, response } = exchange;
  const namespace = parameter(exchange, "namespace");
  const name = parameter(exchange, "name");
  if (!may(caller, "get", "pods/metrics", namespace)) {
    throw forbidden(caller, "get", podMetricsType, { namespace, name });
  }
  const id = services.control.containerId(namespace, name);
  const use = id === undefined ? null : await useOf(services, id);
  if (use === null) throw notFound(podMetricsType, name);
  const { kind, apiVersion } = podMetricsType;
  sendJson(response, 200, { kind, apiVersion, ...usageOf({ namespace, name }, use, services.clock.now()) });
}

/** Of this machine, which is all the nodes there are; takes half a second. */
async function sendNodes(services: Services, exchange: Exchange): Promise<void> {
  const { parameters, response } = exchange;
  const { name: host } = hostFacts();
  const { name } = parameters;
  if (name !== undefined && name !== host) throw notFound(nodeMetricsType, name);
  const use = await hostUse();
  const { kind, apiVersion } = nodeMetricsType;
  const metrics = {
    metadata: { name: host },
    timestamp: new Date(services.clock.now()).toISOString(),
    window: `${use.windowMs}ms`,
    usage: quantitiesOf(use),
  };
  const one = { kind, apiVersion, ...metrics };
  const list = { kind: `${kind}List`, apiVersion, metadata: {}, items: [metrics] };
  sendJson(response, 200, name === undefined ? list : one);
}

/** Of a namespace, or of all that the caller may see. */
async function sendUsage(
  services: Services,
  { caller, parameters, query, response }: Exchange,
): Promise<void> {
  const { namespace } = parameters;
  const isSelected = selectorOf(query);
  if (namespace !== undefined && !may(caller, "list", "pods/metrics", namespace)) {
    throw forbidden(caller, "list", podType, { namespace });
  }
  const { control, clock } = services;
  const running = control.store
    .list("ContainerSpec")
    .filter((record) => namespace === undefined || record.namespace === namespace)
    .filter((record) => may(caller, "list", "pods/metrics", record.namespace))
    .filter((record) => isSelected(presentRecord(record)))
    .flatMap(({ namespace: owner, name }) => {
      const id = control.containerId(owner, name);
      return id === undefined ? [] : [{ namespace: owner, name, id }];
    });
  const items = await Promise.all(
    running.map(async ({ id, ...metadata }) => {
      const use = await useOf(services, id);
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

async function useOf({ containers }: Services, id: string): Promise<ContainerUse | null> {
  return containers.use(id).catch((error: unknown) => {
    // It has gone meanwhile.
    if (error instanceof NotFoundError) return null;
    throw error;
  });
}

/** As Kubernetes writes them. */
function quantitiesOf({
  cpus,
  memoryBytes,
}: Pick<ContainerUse, "cpus" | "memoryBytes">): ContainerUsage["containers"][0]["usage"] {
  return { cpu: `${Math.round(cpus * 1000)}m`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}

function usageOf(metadata: ContainerUsage["metadata"], use: ContainerUse, now: number): ContainerUsage {
  return {
    metadata,
    timestamp: new Date(now).toISOString(),
    window: `${Math.round(use.windowMs)}ms`,
    containers: [
      {
        name: metadata.name,
        usage: quantitiesOf(use),
        pids: use.pids,
      },
    ],
  };
}
