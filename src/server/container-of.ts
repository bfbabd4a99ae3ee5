import type { Readable } from "node:stream";
import { may } from "./access.ts";
import type { Verb } from "./access.ts";
import { parameter } from "./exchange.ts";
import type { RequestContext } from "./exchange.ts";
import { detailsOf, forbidden, notFound, StatusError } from "./failure.ts";
import { podType, type ResourceType } from "./resource-type.ts";
import type { Services } from "./services.ts";

/** Docker id of the container that a pod path names; throws Forbidden or NotFound. */
export function containerOf(
  services: Services,
  context: RequestContext,
  subresource: "log" | "exec" | "attach" | "portforward",
): string {
  const id = containerIfAny(services, context, subresource);
  if (id !== undefined) return id;
  throw hasNone(services, context);
}

/** The same, undefined where the object has no container now. */
export function containerIfAny(
  services: Services,
  context: RequestContext,
  subresource: "log" | "exec" | "attach" | "portforward",
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
  subresource: "log" | "exec" | "attach" | "portforward",
): { readonly namespace: string; readonly name: string; readonly type: ResourceType } {
  const { caller } = context;
  const namespace = parameter(context, "namespace");
  const name = parameter(context, "name");
  const verb: Verb = subresource === "log" ? "get" : "create";
  if (!may(caller, verb, `pods/${subresource}`, namespace)) {
    const type = { ...podType, plural: `pods/${subresource}` };
    throw forbidden(caller, verb, type, { namespace, name });
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
