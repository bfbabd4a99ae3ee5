import { z } from "zod";
import { emergencyReasonLimit } from "../../api/emergency-stop.ts";
import { Namespace } from "../../api/fields.ts";
import { apiVersion } from "../../api/names.ts";
import { messageWithRemedy, NotFoundError } from "../../util/errors.ts";
import { may } from "../access.ts";
import { parameter, readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" } as const;
const pattern = `/apis/${apiVersion}/emergency-stops`;

const Request = z.strictObject({
  user: Namespace.nullable(),
  reason: z.string().trim().min(1).max(emergencyReasonLimit),
});

/** What the body must be, for who has sent another. */
const wanted = '{"user": "NAME" or null for everybody, "reason": "TEXT"}';

/** Stops at once what a user, or everybody, has running, and takes that back; for admins. */
export function emergencyRoutes({ control }: Services): readonly Route[] {
  const resume = async (exchange: Exchange, user: string | null): Promise<void> => {
    mustAdminister(exchange, "delete");
    try {
      await control.resume(user, exchange.caller.user);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      throw new StatusError("NotFound", messageWithRemedy(error));
    }
    sendJson(exchange.response, 200, success);
  };
  return [
    { method: "GET", pattern, handle: ({ response }) => sendJson(response, 200, control.emergencyStops()) },
    {
      method: "POST",
      pattern,
      handle: async (exchange) => {
        mustAdminister(exchange, "create");
        const { user, reason } = parseRequestBody(Request, await readBody(exchange.request), wanted);
        await control.emergencyStop({ user, reason, by: exchange.caller.user });
        sendJson(exchange.response, 200, success);
      },
    },
    { method: "DELETE", pattern: `${pattern}/all`, handle: (exchange) => resume(exchange, null) },
    {
      method: "DELETE",
      pattern: `${pattern}/users/:user`,
      handle: (exchange) => resume(exchange, parameter(exchange, "user")),
    },
  ];
}

function mustAdminister({ caller }: Exchange, verb: "create" | "delete"): void {
  if (may(caller, verb, "emergencystops", undefined)) return;
  throw new StatusError("Forbidden", `User "${caller.user}" cannot do an emergency stop; ask an admin`);
}
