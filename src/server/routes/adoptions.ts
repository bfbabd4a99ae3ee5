import { z } from "zod";
import type { AdoptionAnswer } from "../../api/adoption.ts";
import { Namespace, ObjectName } from "../../api/fields.ts";
import { apiVersion } from "../../api/names.ts";
import { may } from "../access.ts";
import { readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { StatusError } from "../failure.ts";
import { createKeyedLock } from "../keyed-lock.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { writeSpec } from "../write-spec.ts";
import { dryRunOf } from "./writing.ts";

const pattern = `/apis/${apiVersion}/adoptions`;

const Request = z.strictObject({
  container: z.string().min(1).max(255),
  owner: Namespace.nullable().optional(),
  name: ObjectName.nullable().optional(),
});

/** What the body must be, for who has sent another. */
const wanted = '{"container": "NAME", "owner": "USER" or null, "name": "NAME" or null}';
type Request = z.infer<typeof Request>;

/** Takes over containers that ds01 did not make; for admins. `?dryRun=All` only looks. */
export function adoptionRoutes(services: Services): readonly Route[] {
  const lock = createKeyedLock();
  return [
    {
      method: "GET",
      pattern,
      handle: (exchange) => {
        mustAdminister(exchange, "list");
        sendJson(exchange.response, 200, services.control.adoptions.candidates());
      },
    },
    {
      method: "POST",
      pattern,
      handle: async (exchange) => {
        mustAdminister(exchange, "create");
        const request = parseRequestBody(Request, await readBody(exchange.request), wanted);
        const dryRun = dryRunOf(exchange.query);
        const by = exchange.caller.user;
        // Each is judged with those before it in effect: two never get one quota or one GPU.
        const answer = await lock("adoptions", () => adopt(services, request, { by, dryRun }));
        sendJson(exchange.response, 200, answer);
      },
    },
  ];
}

/**
 * First the promise, then the spec: before its spec is there the container is nobody's, and from the moment in which
 * the spec is taken up it is the spec's. The other way round the spec would be without a container for a moment.
 */
async function adopt(
  services: Services,
  request: Request,
  { by, dryRun }: { readonly by: string; readonly dryRun: boolean },
): Promise<AdoptionAnswer> {
  const { adoptions } = services.control;
  const { container, owner = null, name = null } = request;
  const { adoption, answer, isWritten } = await adoptions.examine({ container, owner, name, by });
  if (dryRun) return answer;
  await adoptions.promise(adoption);
  if (!isWritten) {
    const { type } = services.resources.of("ContainerSpec");
    const target = { namespace: adoption.namespace, name: adoption.name };
    try {
      await writeSpec(services, { type, target, dryRun: false, compose: () => answer.text });
    } catch (error) {
      // What is only late is taken up all the same.
      const isLate = error instanceof StatusError && error.status.reason === "Timeout";
      if (!isLate) await adoptions.withdraw(adoption);
      throw error;
    }
  }
  return { ...answer, adopted: true };
}

function mustAdminister({ caller }: Exchange, verb: "list" | "create"): void {
  if (may(caller, verb, "adoptions", undefined)) return;
  throw new StatusError("Forbidden", `User "${caller.user}" cannot adopt containers; ask an admin`);
}
