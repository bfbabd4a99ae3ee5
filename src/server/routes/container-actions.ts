import { z } from "zod";
import { DurationMs } from "../../api/fields.ts";
import type { KeepAliveAnswer } from "../../api/keep-alive.ts";
import { apiVersion } from "../../api/names.ts";
import type { ContainerDescription } from "../../api/description.ts";
import { overrideReasonLimit, type StopOverrideAnswer } from "../../api/stop-override.ts";
import { may } from "../access.ts";
import { parameter, readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { formatTime } from "../../core/format-time.ts";
import { forbidden, notFound } from "../failure.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { specPathFor } from "../spec-path.ts";

const pattern = `/apis/${apiVersion}/namespaces/:namespace/containers/:name`;

/** The body of a request to leave a container alone. */
const KeepAlive = z.strictObject({ for: DurationMs });

/** The body of a request to stop for a while what Git declares. */
const Override = z.strictObject({
  for: DurationMs,
  reason: z.string().trim().min(1).max(overrideReasonLimit).nullable(),
});

const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" } as const;

/** What ds01 offers for one container beyond Kubernetes' verbs. */
export function containerActionRoutes(services: Services): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: `${pattern}/description`,
      handle: (exchange) => sendDescription(services, exchange),
    },
    {
      method: "POST",
      pattern: `${pattern}/preview`,
      handle: previewing(services, (text, path) => services.control.preview(text, path)),
    },
    {
      method: "POST",
      pattern: `${pattern}/allocation`,
      handle: previewing(services, (text, path) => services.control.questions.allocation(text, path)),
    },
    {
      method: "POST",
      pattern: `${pattern}/keepalive`,
      handle: (exchange) => keepAlive(services, exchange),
    },
    {
      method: "POST",
      pattern: `${pattern}/override`,
      handle: (exchange) => overrideStop(services, exchange),
    },
    {
      method: "DELETE",
      pattern: `${pattern}/override`,
      handle: (exchange) => endOverride(services, exchange),
    },
    {
      method: "POST",
      pattern: `${pattern}/start`,
      handle: (exchange) => startAgain(services, exchange),
    },
  ];
}

function sendDescription(services: Services, exchange: Exchange): void {
  const { caller, response } = exchange;
  const namespace = parameter(exchange, "namespace");
  const name = parameter(exchange, "name");
  const { type } = services.resources.of("ContainerSpec");
  if (!may(caller, "get", "containers/description", namespace)) {
    throw forbidden(caller, "get", type, { namespace, name });
  }
  const description = services.control.describe(namespace, name);
  if (description === undefined) throw notFound(type, name);
  // Events and logs are for the owner; everything else is what `get` shows everybody.
  const isOwner = may(caller, "get", "events", namespace) && may(caller, "get", "pods/log", namespace);
  const seen: ContainerDescription = isOwner ? description : { ...withoutLog(description), events: [] };
  sendJson(response, 200, seen);
}

function withoutLog({ lastRun, ...rest }: ContainerDescription): ContainerDescription {
  if (lastRun === undefined) return rest;
  const { log: _, ...shown } = lastRun;
  return { ...rest, lastRun: shown };
}

/** Whoever may stop a container may keep it, stop it for a while, and start it again. */
function changed(
  services: Services,
  exchange: Exchange,
): { readonly namespace: string; readonly name: string } {
  const { caller } = exchange;
  const target = { namespace: parameter(exchange, "namespace"), name: parameter(exchange, "name") };
  const { type } = services.resources.of("ContainerSpec");
  if (!may(caller, "patch", "containers", target.namespace)) throw forbidden(caller, "patch", type, target);
  const { namespace, name } = target;
  if (services.control.store.get("ContainerSpec", `${namespace}/${name}`) === undefined)
    throw notFound(type, name);
  return target;
}

async function keepAlive(services: Services, exchange: Exchange): Promise<void> {
  const target = changed(services, exchange);
  const { for: forMs } = parseRequestBody(KeepAlive, await readBody(exchange.request), '{"for": "2h"}');
  const by = exchange.caller.user;
  const until = await services.control.keepAlive({ ...target, forMs, by });
  const answer: KeepAliveAnswer = { until: until === null ? null : formatTime(until) };
  sendJson(exchange.response, 200, answer);
}

async function overrideStop(services: Services, exchange: Exchange): Promise<void> {
  const target = changed(services, exchange);
  const body = await readBody(exchange.request);
  const wanted = '{"for": "2h", "reason": "TEXT"}, or null in place of the text';
  const { for: forMs, reason } = parseRequestBody(Override, body, wanted);
  const by = exchange.caller.user;
  const until = await services.control.overrideStop({ ...target, forMs, reason, by });
  const answer: StopOverrideAnswer = { until: formatTime(until) };
  sendJson(exchange.response, 200, answer);
}

async function endOverride(services: Services, exchange: Exchange): Promise<void> {
  const { namespace, name } = changed(services, exchange);
  await services.control.endOverride(namespace, name, exchange.caller.user);
  sendJson(exchange.response, 200, success);
}

async function startAgain(services: Services, exchange: Exchange): Promise<void> {
  const { namespace, name } = changed(services, exchange);
  await services.control.startAgain(namespace, name);
  sendJson(exchange.response, 200, success);
}

/** Answers about text as it would stand in the object's file; nothing is changed. */
function previewing(
  services: Services,
  answer: (text: string, path: string) => Promise<unknown>,
): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    const { caller, request, response } = exchange;
    const namespace = parameter(exchange, "namespace");
    const name = parameter(exchange, "name");
    const { type } = services.resources.of("ContainerSpec");
    if (!may(caller, "create", "containers/preview", namespace)) {
      throw forbidden(caller, "create", type, { namespace, name });
    }
    const path = specPathFor(services.control.store, type, { namespace, name });
    sendJson(response, 200, await answer(await readBody(request), path));
  };
}
