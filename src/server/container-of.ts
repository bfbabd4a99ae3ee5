import { may } from "./access.ts";
import type { Verb } from "./access.ts";
import { parameter } from "./exchange.ts";
import type { RequestContext } from "./exchange.ts";
import { detailsOf, forbidden, notFound, StatusError } from "./failure.ts";
import { podType } from "./resource-type.ts";
import type { Services } from "./services.ts";

/** Docker id of the container that a pod path names; throws Forbidden or NotFound. */
export function containerOf(
  services: Services,
  context: RequestContext,
  subresource: "log" | "exec",
): string {
  const { caller } = context;
  const namespace = parameter(context, "namespace");
  const name = parameter(context, "name");
  const verb: Verb = subresource === "log" ? "get" : "create";
  if (!may(caller, verb, `pods/${subresource}`, namespace)) {
    const type = { ...podType, plural: `pods/${subresource}` };
    throw forbidden(caller, verb, type, { namespace, name });
  }
  const { type, cache } = services.resources.of("ContainerSpec");
  const object = cache.get(namespace, name);
  if (object === undefined) throw notFound(type, name);
  const id = services.control.containerId(namespace, name);
  if (id !== undefined) return id;
  const message = `"${name}" has no container now; see: ds01 describe container ${name} -n ${namespace}`;
  throw new StatusError("NotFound", message, detailsOf(type, name));
}
