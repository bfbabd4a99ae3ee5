import { z } from "zod";
import type { BlockedPrune } from "../../api/blocked-prune.ts";
import { apiVersion } from "../../api/names.ts";
import { blockedBy } from "../../core/prune-confirmation.ts";
import { NotFoundError } from "../../util/errors.ts";
import { may } from "../access.ts";
import type { Caller } from "../access.ts";
import { readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import { seenPrunes } from "../seen-prunes.ts";
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
      handle: ({ response, caller }) => sendJson(response, 200, seenBlocked(services, caller)),
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
  const { caller } = exchange;
  // What is none of the caller's is as good as not there, also in what is said of a word that stands for nothing.
  const seen = blockedBy(token, seenBlocked(services, caller));
  if (seen.others !== undefined || !mayPrune(caller, seen.objects)) {
    const message = `User "${caller.user}" cannot confirm a deletion of other users' objects; ask an admin`;
    throw new StatusError("Forbidden", message);
  }
  try {
    await services.control.confirmPrune(seen.token, caller.user);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    // It became another set meanwhile, and what the error says of it is not for everybody.
    blockedBy(token, seenBlocked(services, caller));
    throw new StatusError("Conflict", "what is held back has just changed; look again: ds01 prune");
  }
  sendJson(exchange.response, 200, success);
}

function seenBlocked({ control }: Services, caller: Caller): readonly BlockedPrune[] {
  return seenPrunes(caller, control.blockedPrunes());
}

/** Owners may confirm what is wholly theirs; objects are named `namespace/name`. */
function mayPrune(caller: Caller, objects: readonly string[]): boolean {
  return objects.every((object) => {
    const [namespace, name, ...rest] = object.split("/");
    const owned = name !== undefined && rest.length === 0 ? namespace : undefined;
    return may(caller, "delete", owned === undefined ? "prunes" : "containers", owned);
  });
}
