import { z } from "zod";
import { apiVersion } from "../../api/names.ts";
import { blockedBy } from "../../core/prune-confirmation.ts";
import { may } from "../access.ts";
import type { Caller } from "../access.ts";
import { readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** `token`: that of a set, or a revision. */
const Confirmation = z.object({ token: z.string() });

const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" } as const;

/** The few verbs of ds01 that are not files: confirm a held-back deletion, look at everything now. */
export function operationRoutes(services: Services): readonly Route[] {
  return [
    {
      method: "GET",
      pattern: `/apis/${apiVersion}/prunes`,
      handle: ({ response }) => sendJson(response, 200, services.control.blockedPrunes()),
    },
    {
      method: "POST",
      pattern: `/apis/${apiVersion}/prunes`,
      handle: (exchange) => confirmPrune(services, exchange),
    },
    {
      method: "POST",
      pattern: `/apis/${apiVersion}/resync`,
      handle: async ({ response }) => {
        await services.resync();
        sendJson(response, 200, success);
      },
    },
  ];
}

async function confirmPrune(services: Services, exchange: Exchange): Promise<void> {
  const wanted = '{"token": "..."}, as `ds01 prune` lists it';
  const { token } = parseRequestBody(Confirmation, await readBody(exchange.request), wanted);
  const prune = blockedBy(token, services.control.blockedPrunes());
  if (!mayPrune(exchange.caller, prune.objects)) {
    const message = `User "${exchange.caller.user}" cannot confirm a deletion of other users' objects; ask an admin`;
    throw new StatusError("Forbidden", message);
  }
  await services.control.confirmPrune(prune.token, exchange.caller.user);
  sendJson(exchange.response, 200, success);
}

/** Owners may confirm what is wholly theirs; objects are named `namespace/name`. */
function mayPrune(caller: Caller, objects: readonly string[]): boolean {
  return objects.every((object) => {
    const [namespace, name, ...rest] = object.split("/");
    const owned = name !== undefined && rest.length === 0 ? namespace : undefined;
    return may(caller, "delete", owned === undefined ? "prunes" : "containers", owned);
  });
}
