import type { Verb } from "../access.ts";
import type { Exchange } from "../exchange.ts";
import { detailsOf, notFound, qualified, StatusError } from "../failure.ts";
import { groupPathOf } from "../resource-type.ts";
import type { ResourceType } from "../resource-type.ts";
import type { Route } from "../router.ts";
import type { ServedResource } from "../served-resource.ts";
import type { Services } from "../services.ts";
import { isApplyPatch } from "../written-object.ts";
import { authorize, collectionPattern } from "./reading.ts";

/** What to do instead of a write, by the kind that would be written; `name` is empty where one is to be created. */
const instead: Readonly<Record<string, (name: string) => string>> = {
  Pod: (name) =>
    name === ""
      ? "pods show the containers of ds01: create a ContainerSpec (containers.ds01.io)"
      : `pods show the containers of ds01: change, restart or delete containers.ds01.io "${name}"`,
  Node: () =>
    "the node shows this machine; what takes a GPU out of use and back is: ds01 cordon, ds01 drain, ds01 uncordon",
  Namespace: () => "each user of this machine has the namespace of their name, and there are no others",
  CustomResourceDefinition: () => "the kinds are those that ds01 is made with",
  Event: () => "events are what ds01 has seen and done",
  Image: () => "images are what the engine has; build one with spec.build, remove one with: ds01 prune",
  Preset: () => "presets stand in the configuration of this machine",
  Source: () => "sources stand in the configuration of this machine",
  Gpu: () => "gpus are what this machine has; only spec.unschedulable and spec.drain can be patched",
};

const verbs: Readonly<Record<string, Verb>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Subresources of Pods that kubectl asks for, and what does the same here. */
const podSubresources: Readonly<Record<string, (name: string) => string>> = {
  ephemeralcontainers: (name) =>
    `no container is added to one that runs; look into it with: kubectl exec -it ${name} -- sh, or ds01 shell ${name}`,
  eviction: (name) => `nothing moves to another machine; stop it with: ds01 stop ${name}`,
};

/**
 * Writes of what is only shown are refused by what to change instead; as any other write where the object is another
 * user's, or is not there, for then there is nothing to change instead.
 */
export function readOnlyRoutes(services: Services): readonly Route[] {
  const { all, views, namespaces } = services.resources;
  const shown = [...all.filter(({ type }) => type.observed), ...views, namespaces];
  const pods = views.find(({ type }) => type.kind === "Pod");
  return [
    ...shown.flatMap(refusalsOf),
    ...Object.entries(podSubresources).flatMap(([subresource, told]) => {
      const pattern = `/api/v1/namespaces/:namespace/pods/:name/${subresource}`;
      const handle = (exchange: Exchange): never => {
        const { name = "" } = exchange.parameters;
        if (pods !== undefined) refuseOthers(pods, exchange);
        throw new StatusError("MethodNotAllowed", told(name), { name, kind: `pods/${subresource}` });
      };
      return (["POST", "PUT", "PATCH"] as const).map((method) => ({ method, pattern, handle }));
    }),
  ];
}

function refusalsOf(resource: ServedResource<ResourceType>): readonly Route[] {
  const { type } = resource;
  const collection = collectionPattern(type);
  const one = `${collection}/:name`;
  const handle = (exchange: Exchange): never => {
    refuseOthers(resource, exchange);
    const { request, parameters } = exchange;
    const name = creates(resource, exchange) ? undefined : parameters["name"];
    const why = instead[type.kind]?.(name ?? "") ?? "it is only read";
    const object = name === undefined ? "" : ` "${name}"`;
    const action = name === undefined ? "created" : request.method === "DELETE" ? "deleted" : "changed";
    const message = `${qualified(type)}${object} cannot be ${action}: ${why}`;
    throw new StatusError("MethodNotAllowed", message, detailsOf(type, name));
  };
  const everywhere = `${groupPathOf(type)}/${type.plural}`;
  return [
    { method: "POST", pattern: collection, handle },
    ...(everywhere === collection ? [] : [{ method: "POST" as const, pattern: everywhere, handle }]),
    ...(["PUT", "PATCH", "DELETE"] as const).map((method) => ({ method, pattern: one, handle })),
  ];
}

/** Throws where the caller may not write in the namespace, and where nothing there has the name. */
function refuseOthers(resource: ServedResource<ResourceType>, exchange: Exchange): void {
  const { type, cache } = resource;
  const { namespace, name } = exchange.parameters;
  if (namespace === undefined) return;
  authorize(exchange.caller, verbs[exchange.request.method ?? ""] ?? "update", type, { namespace, name });
  if (name === undefined || creates(resource, exchange)) return;
  if (cache.get(namespace, name) === undefined) throw notFound(type, name);
}

/** Whether a write would create an object: also an apply does, where there is none. */
function creates({ cache }: ServedResource<ResourceType>, exchange: Exchange): boolean {
  const { namespace, name } = exchange.parameters;
  if (name === undefined) return true;
  return namespace !== undefined && isApplyPatch(exchange) && cache.get(namespace, name) === undefined;
}
