import type { Readable } from "node:stream";
import { may } from "./access.ts";
import type { Caller, Verb } from "./access.ts";
import { parameter } from "./exchange.ts";
import type { RequestContext } from "./exchange.ts";
import { detailsOf, forbidden, notFound, StatusError } from "./failure.ts";
import { podType, type ResourceType } from "./resource-type.ts";
import type { Services } from "./services.ts";

/** What of a Pod is reached with a stream. */
export type PodSubresource = "log" | "exec" | "attach" | "portforward";

/** Whether a caller may reach the containers of a namespace like this. */
export function mayReach(caller: Caller, subresource: PodSubresource, namespace: string): boolean {
  return may(caller, verbOf(subresource), `pods/${subresource}`, namespace);
}

function verbOf(subresource: PodSubresource): Verb {
  return subresource === "log" ? "get" : "create";
}

/** Docker id of the container that a pod path names; throws Forbidden or NotFound. */
export function containerOf(
  services: Services,
  context: RequestContext,
  subresource: PodSubresource,
): string {
  const id = containerIfAny(services, context, subresource);
  if (id !== undefined) return id;
  throw hasNone(services, context);
}

/** The same, undefined where the object has no container now. */
export function containerIfAny(
  services: Services,
  context: RequestContext,
  subresource: PodSubresource,
): string | undefined {
  const { namespace, name } = allowedObject(services, context, subresource);
  return services.control.containerId(namespace, name);
}

/** What the last build for the object that a pod path names wrote; throws Forbidden or NotFound. */
export function buildLogOf(
  services: Services,
  context: RequestContext,
  wanted: { readonly follow: boolean; readonly tail: number | null },
): Readable {
  const { namespace, name, type } = allowedObject(services, context, "log");
  const log = services.control.buildLog(namespace, name, wanted);
  if (log !== undefined) return log;
  const message = `nothing was built for "${name}" since the controller started; see: ds01 describe container ${name} -n ${namespace}`;
  throw new StatusError("NotFound", message, detailsOf(type, name));
}

function allowedObject(
  services: Services,
  context: RequestContext,
  subresource: PodSubresource,
): { readonly namespace: string; readonly name: string; readonly type: ResourceType } {
  const { caller } = context;
  const namespace = parameter(context, "namespace");
  const name = parameter(context, "name");
  if (!mayReach(caller, subresource, namespace)) {
    const type = { ...podType, plural: `pods/${subresource}` };
    throw forbidden(caller, verbOf(subresource), type, { namespace, name });
  }
  const { type, cache } = services.resources.of("ContainerSpec");
  if (cache.get(namespace, name) === undefined) throw notFound(type, name);
  return { namespace, name, type };
}

/** That there is no container now. */
export function hasNone(services: Services, context: RequestContext): StatusError {
  const namespace = parameter(context, "namespace");
  const name = parameter(context, "name");
  const { type } = services.resources.of("ContainerSpec");
  const object = services.control.store.get("ContainerSpec", `${namespace}/${name}`);
  if (object?.spec?.replicas !== undefined) {
    const several = `"${name}" is ${object.spec.replicas} containers: name one of them, such as ${name}-0`;
    return new StatusError("NotFound", several, detailsOf(type, name));
  }
  const message = `"${name}" has no container now; see: ds01 describe container ${name} -n ${namespace}`;
  return new StatusError("NotFound", message, detailsOf(type, name));
}
