import { WebSocketServer } from "ws";
import type { ApiObject } from "../../api/meta.ts";
import { may } from "../access.ts";
import type { AccessResource, Caller, Verb } from "../access.ts";
import { serveWebSocket } from "../channel-server.ts";
import { discoveredResources } from "../discovered-resources.ts";
import { eventShapeOf } from "../event-shape.ts";
import { flag, parameter, sendJsonParts, sendJsonText } from "../exchange.ts";
import type { Exchange, RequestContext, UpgradeExchange } from "../exchange.ts";
import { forbidden, notFound, StatusError } from "../failure.ts";
import { KeptAnswers } from "../kept-answers.ts";
import { representationOf } from "../negotiate.ts";
import { includeObjectOf, listHead, listItems, objectText } from "../represent.ts";
import type { View } from "../represent.ts";
import { listVersion } from "../resource-version-match.ts";
import { groupPathOf } from "../resource-type.ts";
import type { ResourceType } from "../resource-type.ts";
import type { Route } from "../router.ts";
import { selectorOf } from "../selector.ts";
import type { ServedResource } from "../served-resource.ts";
import type { Services } from "../services.ts";
import { seenBy, viewpointOf } from "../visibility.ts";
import { responseSink, webSocketSink } from "../watch-sink.ts";
import { sendWatch, type WatchRequest } from "./watching.ts";

/** list, get and watch of every kind. */
export function readingRoutes(services: Services): readonly Route[] {
  const { all, views } = services.resources;
  return [...all, ...views].flatMap((resource: ServedResource<ResourceType>) => {
    const base = groupPathOf(resource.type);
    const list = (exchange: Exchange): void | Promise<void> => sendCollection(services, resource, exchange);
    const get = (exchange: Exchange): void | Promise<void> => sendObject(services, resource, exchange);
    const upgrade = (exchange: UpgradeExchange): Promise<void> => upgradeWatch(services, resource, exchange);
    const everywhere: Route = {
      method: "GET",
      pattern: `${base}/${resource.type.plural}`,
      handle: list,
      upgrade,
    };
    const collection = collectionPattern(resource.type);
    return [
      everywhere,
      ...(resource.type.namespaced ? [{ ...everywhere, pattern: collection }] : []),
      { method: "GET" as const, pattern: `${collection}/:name`, handle: get },
      ...(hasStatus(resource.type)
        ? [{ method: "GET" as const, pattern: `${collection}/:name/status`, handle: get }]
        : []),
    ];
  });
}

function hasStatus(type: ResourceType): boolean {
  return discoveredResources.some(
    (found) => found.type === type && found.subresources.some(({ name }) => name === "status"),
  );
}

/** Pattern of the collection of a type, with its namespace where it has one. */
export function collectionPattern(type: ResourceType): string {
  const place = type.namespaced ? "/namespaces/:namespace" : "";
  return `${groupPathOf(type)}${place}/${type.plural}`;
}

/** Throws Forbidden unless the caller may. */
export function authorize(
  caller: Caller,
  verb: Verb,
  type: ResourceType,
  target: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): void {
  // Every served type and subresource is named in AccessResource; others are denied to all but admins.
  if (!may(caller, verb, type.plural as AccessResource, target.namespace)) {
    throw forbidden(caller, verb, type, target);
  }
}

/** How this request wants its answer. */
export function viewOf(services: Services, type: ResourceType, exchange: RequestContext): View {
  return {
    type,
    representation: representationOf(exchange.request.headers.accept),
    includeObject: includeObjectOf(exchange.query),
    now: services.clock.now(),
  };
}

/** Answers a list or a watch of a collection. */
export function sendCollection(
  services: Services,
  resource: ServedResource<ResourceType>,
  exchange: Exchange,
): void | Promise<void> {
  const wanted = wantedOf(services, resource, exchange);
  const { namespace } = exchange.parameters;
  if (flag(exchange.query, "watch")) {
    authorize(exchange.caller, "watch", resource.type, { namespace });
    return whenFresh(resource, () =>
      sendWatch(services, { resource, exchange, ...wanted }, async (serve) => {
        const { response } = exchange;
        response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
        response.flushHeaders();
        await serve(responseSink(response));
      }),
    );
  }
  authorize(exchange.caller, "list", resource.type, { namespace });
  return whenFresh(resource, () => sendList(resource, exchange, wanted));
}

const watchServer = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  // Nothing is expected of a client but pings and its end.
  maxPayload: 4096,
  // The frames are the same whatever a client calls them; a browser wants one of its names back.
  handleProtocols: (offered) => [...offered][0] ?? false,
});

/** Answers a watch over a WebSocket, as clients in browsers ask for it: one message an event. */
export async function upgradeWatch(
  services: Services,
  resource: ServedResource<ResourceType>,
  exchange: UpgradeExchange,
): Promise<void> {
  if (!flag(exchange.query, "watch")) {
    throw new StatusError("BadRequest", "only a watch is answered over a WebSocket: add watch=true");
  }
  const wanted = wantedOf(services, resource, exchange);
  authorize(exchange.caller, "watch", resource.type, { namespace: exchange.parameters["namespace"] });
  await whenFresh(resource, () =>
    sendWatch(services, { resource, exchange, ...wanted }, async (serve) => {
      await serveWebSocket(watchServer, exchange, (webSocket) => serve(webSocketSink(webSocket)));
    }),
  );
}

type Wanted = Pick<WatchRequest, "view" | "select" | "shape">;

/** What of a collection is asked for, and in which form. */
function wantedOf(
  services: Services,
  { type }: ServedResource<ResourceType>,
  exchange: RequestContext,
): Wanted {
  const { namespace } = exchange.parameters;
  const matches = selectorOf(exchange.query);
  const shape = eventShapeOf(type, exchange.query);
  return {
    view: viewOf(services, type, exchange),
    shape,
    select: (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) && matches(shape(object)),
  };
}

/** At once where nothing has to be looked at, so that a list and what it continues are of one moment. */
function whenFresh(
  { refresh }: ServedResource<ResourceType>,
  send: () => void | Promise<void>,
): void | Promise<void> {
  return refresh === undefined ? send() : refresh().then(send);
}

/** Lists of a kind are kept for as many users as fit; a page of a thousand objects takes half a megabyte. */
const listAnswers = new KeptAnswers(8 * 1024 * 1024);

function sendList(
  { cache }: ServedResource<ResourceType>,
  { caller, query, parameters, response }: Exchange,
  { view, select, shape }: Wanted,
): void {
  const version = listVersion(query, cache);
  const state = cache.list();
  const question = JSON.stringify([
    viewpointOf(caller),
    parameters["namespace"],
    view.representation,
    view.includeObject,
    query.get("labelSelector"),
    query.get("fieldSelector"),
  ]);
  const second = Math.floor(view.now / 1000);
  const items = listAnswers.get({ of: cache, state, second, question }, () => {
    const objects: ApiObject[] = [];
    for (const object of state) {
      const seen = select(object) ? seenBy(caller, shape(object)) : undefined;
      if (seen !== undefined) objects.push(seen);
    }
    return listItems(view, objects);
  });
  sendJsonParts(response, listHead(view, version), items);
}

/** Answers with one object. */
export function sendObject(
  services: Services,
  resource: ServedResource<ResourceType>,
  exchange: Exchange,
): void | Promise<void> {
  const { caller } = exchange;
  const namespace = exchange.parameters["namespace"];
  const name = parameter(exchange, "name");
  authorize(caller, "get", resource.type, { namespace, name });
  return whenFresh(resource, () => {
    const object = resource.cache.get(namespace, name);
    const seen = object === undefined ? undefined : seenBy(caller, object);
    if (seen === undefined) throw notFound(resource.type, name);
    sendJsonText(exchange.response, 200, objectText(viewOf(services, resource.type, exchange), seen, true));
  });
}
