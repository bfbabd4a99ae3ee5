import { z } from "zod";
import { apiVersion } from "../../api/names.ts";
import { suspensionReasonLimit } from "../../api/source.ts";
import { may } from "../access.ts";
import { parameter, readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { notFound, StatusError } from "../failure.ts";
import { presentSource } from "../present.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

const pattern = `/apis/${apiVersion}/sources/:name`;

const Request = z.strictObject({
  reason: z.string().trim().min(1).max(suspensionReasonLimit).nullable(),
});

/** Looks for newer revisions of a source now, for everybody; suspends and resumes it, for admins. */
export function sourceRoutes({ control, resources }: Services): readonly Route[] {
  const show = ({ response }: Exchange, name: string): void => {
    const source = control.sources.list().find((one) => one.name === name);
    if (source === undefined) throw notFound(resources.of("Source").type, name);
    sendJson(response, 200, presentSource(source));
  };
  return [
    {
      method: "POST",
      pattern: `${pattern}/sync`,
      handle: async (exchange) => {
        const name = parameter(exchange, "name");
        await control.syncSource(name);
        show(exchange, name);
      },
    },
    {
      method: "POST",
      pattern: `${pattern}/suspension`,
      handle: async (exchange) => {
        mustAdminister(exchange);
        const source = parameter(exchange, "name");
        const body = await readBody(exchange.request);
        const { reason } = parseRequestBody(Request, body, '{"reason": "TEXT"}, or null in its place');
        await control.suspendSource({ source, reason, by: exchange.caller.user });
        show(exchange, source);
      },
    },
    {
      method: "DELETE",
      pattern: `${pattern}/suspension`,
      handle: async (exchange) => {
        mustAdminister(exchange);
        const source = parameter(exchange, "name");
        await control.resumeSource(source, exchange.caller.user);
        show(exchange, source);
      },
    },
  ];
}

function mustAdminister({ caller }: Exchange): void {
  if (may(caller, "update", "sources", undefined)) return;
  throw new StatusError("Forbidden", `User "${caller.user}" cannot suspend or resume a source; ask an admin`);
}
