import { Namespace } from "../../api/fields.ts";
import { parameter } from "../exchange.ts";
import type { RequestContext } from "../exchange.ts";
import { namespaceType } from "../resource-type.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { authorize, sendCollection, sendObject, upgradeWatch } from "./reading.ts";

/** Namespaces are projections: one for everybody who has containers, and for who asks. */
export function namespaceRoutes(services: Services): readonly Route[] {
  const { namespaces, ensureNamespace } = services.resources;
  const ensureOwn = ({ caller: { user } }: RequestContext): void => {
    if (Namespace.safeParse(user).success) ensureNamespace(user);
  };
  return [
    {
      method: "GET",
      pattern: "/api/v1/namespaces",
      handle: (exchange) => {
        ensureOwn(exchange);
        return sendCollection(services, namespaces, exchange);
      },
      upgrade: (exchange) => {
        ensureOwn(exchange);
        return upgradeWatch(services, namespaces, exchange);
      },
    },
    {
      method: "GET",
      pattern: "/api/v1/namespaces/:name",
      handle: (exchange) => {
        const name = parameter(exchange, "name");
        authorize(exchange.caller, "get", namespaceType, { namespace: name, name });
        ensureOwn(exchange);
        return sendObject(services, namespaces, exchange);
      },
    },
  ];
}
