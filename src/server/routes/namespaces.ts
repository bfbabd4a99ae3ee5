import { Namespace } from "../../api/fields.ts";
import type { ApiObject } from "../../api/meta.ts";
import { parameter, sendJson } from "../exchange.ts";
import { notFound } from "../failure.ts";
import { presentNamespace } from "../present.ts";
import { representList, representObject } from "../represent.ts";
import { namespaceType } from "../resource-type.ts";
import type { Caller } from "../access.ts";
import type { Route } from "../router.ts";
import { selectorOf } from "../selector.ts";
import type { Services } from "../services.ts";
import { seenBy } from "../visibility.ts";
import { authorize, viewOf } from "./reading.ts";

/** Namespaces are projections: one for everybody who has containers, and the caller's own. */
export function namespaceRoutes(services: Services): readonly Route[] {
  const containers = services.resources.of("ContainerSpec").cache;
  const namespacesFor = (caller: Caller): readonly ApiObject[] => {
    const { user } = caller;
    const names = new Set(containers.list().flatMap(({ metadata }) => metadata.namespace ?? []));
    if (Namespace.safeParse(user).success) names.add(user);
    return [...names]
      .toSorted()
      .flatMap((name) => seenBy(caller, presentNamespace(name, containers.version())) ?? []);
  };
  return [
    {
      method: "GET",
      pattern: "/api/v1/namespaces",
      handle: (exchange) => {
        authorize(exchange.caller, "list", namespaceType, {});
        const objects = namespacesFor(exchange.caller).filter(selectorOf(exchange.query));
        const view = viewOf(services, namespaceType, exchange);
        sendJson(exchange.response, 200, representList(view, objects, containers.version()));
      },
    },
    {
      method: "GET",
      pattern: "/api/v1/namespaces/:name",
      handle: (exchange) => {
        const name = parameter(exchange, "name");
        authorize(exchange.caller, "get", namespaceType, { namespace: name, name });
        const object = namespacesFor(exchange.caller).find(({ metadata }) => metadata.name === name);
        if (object === undefined) throw notFound(namespaceType, name);
        const view = viewOf(services, namespaceType, exchange);
        sendJson(exchange.response, 200, representObject(view, object, true));
      },
    },
  ];
}
