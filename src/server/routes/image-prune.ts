import { z } from "zod";
import type { ImagePruneAnswer } from "../../api/image-prune.ts";
import { DurationMs, Namespace } from "../../api/fields.ts";
import { apiVersion } from "../../api/names.ts";
import { may } from "../access.ts";
import type { Caller } from "../access.ts";
import { readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import { seenKeptReason } from "../seen-image.ts";
import type { Services } from "../services.ts";

const Request = z.strictObject({
  namespace: Namespace.nullable(),
  olderThan: DurationMs.nullable(),
  images: z.array(z.string()).nullable(),
  dryRun: z.boolean(),
});

/** What the body must be, for who has sent another. */
const wanted =
  '{"namespace": NAME or null, "olderThan": "7d" or null, "images": [...] or null, "dryRun": BOOLEAN}, as `ds01 prune images` sends it';

/** Removes images that ds01 has built and nothing uses: an admin everybody's, others those of their own objects. */
export function imagePruneRoutes({ control }: Services): readonly Route[] {
  return [
    {
      method: "POST",
      pattern: `/apis/${apiVersion}/image-prunes`,
      handle: async (exchange) => {
        const request = parseRequestBody(Request, await readBody(exchange.request), wanted);
        const namespace = namespaceOf(request.namespace, exchange);
        const { olderThan: olderThanMs, images, dryRun } = request;
        const by = exchange.caller.user;
        const outcome = await control.pruneImages({ namespace, olderThanMs, images, dryRun, by });
        const kept = outcome.kept.map((image) => ({
          name: image.name,
          why: seenKeptReason(exchange.caller, image),
        }));
        sendJson(exchange.response, 200, { ...outcome, kept } satisfies ImagePruneAnswer);
      },
    },
  ];
}

/** Whose images: everybody's for an admin who names nobody, else the caller's own. */
function namespaceOf(wanted: string | null, { caller }: Exchange): string | null {
  const namespace = wanted ?? ownOf(caller);
  if (namespace === null || may(caller, "delete", "images/prune", namespace)) return namespace;
  throw new StatusError(
    "Forbidden",
    `User "${caller.user}" cannot remove images of "${namespace}"; yours are those of "${caller.user}"`,
  );
}

function ownOf({ admin, user }: Caller): string | null {
  return admin ? null : user;
}
