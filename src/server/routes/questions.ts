import type { ContainerStatus } from "../../api/container.ts";
import type { ApiList } from "../../api/meta.ts";
import { apiVersion } from "../../api/names.ts";
import { may } from "../access.ts";
import { parameter, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { forbidden, notFound } from "../failure.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { seenWaiting } from "../visibility.ts";

const base = `/apis/${apiVersion}`;

/** Answers that no single object gives: whether a device may be used, what goes on at the devices. */
export function questionRoutes(services: Services): readonly Route[] {
  const { questions } = services.control;
  const aboutGpu =
    (ask: (reference: string) => Promise<unknown>) =>
    async (exchange: Exchange): Promise<void> => {
      mustReadGpus(services, exchange);
      const name = parameter(exchange, "name");
      const answer = await ask(name);
      if (answer === undefined) throw notFound(services.resources.of("Gpu").type, name);
      sendJson(exchange.response, 200, answer);
    };
  return [
    {
      method: "GET",
      pattern: `${base}/queue`,
      handle: (exchange) => sendQueue(services, exchange),
    },
    {
      method: "GET",
      pattern: `${base}/gpus/:name/availability`,
      handle: aboutGpu((reference) => questions.gpuAvailability(reference)),
    },
    {
      method: "GET",
      pattern: `${base}/gpus/:name/details`,
      handle: aboutGpu((reference) => questions.gpuDetails(reference)),
    },
    {
      method: "GET",
      pattern: `${base}/usage/gpus`,
      handle: async (exchange) => {
        mustReadGpus(services, exchange);
        sendJson(exchange.response, 200, await questions.gpuUsage());
      },
    },
    {
      method: "GET",
      pattern: `${base}/limits/:user`,
      handle: async (exchange) => {
        mustReadQuotas(services, exchange);
        sendJson(exchange.response, 200, await questions.limits(parameter(exchange, "user")));
      },
    },
    {
      method: "GET",
      pattern: `${base}/usage/users`,
      handle: async (exchange) => {
        mustReadQuotas(services, exchange);
        sendJson(exchange.response, 200, await questions.userUsage(exchange.query.getAll("user")));
      },
    },
  ];
}

/** Everybody who waits for devices: whoever waits may know for whom. */
function sendQueue({ resources }: Services, { caller, response }: Exchange): void {
  const { cache } = resources.of("ContainerSpec");
  const items = cache
    .list()
    .filter(({ status }) => (status as ContainerStatus | undefined)?.queue !== undefined)
    .map((object) => seenWaiting(caller, object));
  const metadata = { resourceVersion: String(cache.version()) };
  const list: ApiList = { apiVersion: "v1", kind: "List", metadata, items };
  sendJson(response, 200, list);
}

function mustReadQuotas(services: Services, { caller }: Exchange): void {
  if (!may(caller, "get", "quotas", undefined)) {
    throw forbidden(caller, "get", services.resources.of("QuotaSpec").type, {});
  }
}

function mustReadGpus(services: Services, { caller }: Exchange): void {
  if (!may(caller, "get", "gpus", undefined)) {
    throw forbidden(caller, "get", services.resources.of("Gpu").type, {});
  }
}
