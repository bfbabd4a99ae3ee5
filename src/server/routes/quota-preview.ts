import { z } from "zod";
import { apiVersion } from "../../api/names.ts";
import type { QuotaPreviewRequest } from "../../api/quota-preview.ts";
import { may } from "../access.ts";
import { readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";
import { forbidden } from "../failure.ts";
import { parseRequestBody } from "../request-body.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { specPathFor } from "../spec-path.ts";

const target = { kind: z.enum(["ContainerSpec", "QuotaSpec"]), namespace: z.string(), name: z.string() };
const Request: z.ZodType<QuotaPreviewRequest> = z.strictObject({
  documents: z.array(z.strictObject({ ...target, text: z.string() })),
  removed: z.array(z.strictObject(target)),
});
const wanted =
  '{"documents": [{"kind": "QuotaSpec", "namespace": "", "name": "NAME", "text": "YAML"}], "removed": []}';

/** Whom the quotas of specs to come would affect; for who may write quotas, as it tells what everybody runs. */
export function quotaPreviewRoutes(services: Services): readonly Route[] {
  return [
    {
      method: "POST",
      pattern: `/apis/${apiVersion}/quota-preview`,
      handle: (exchange) => preview(services, exchange),
    },
  ];
}

async function preview(
  { control, resources }: Services,
  { caller, request, response }: Exchange,
): Promise<void> {
  const { type } = resources.of("QuotaSpec");
  if (!may(caller, "update", "quotas", undefined)) throw forbidden(caller, "update", type, {});
  const { documents, removed } = parseRequestBody(Request, await readBody(request), wanted);
  const placed = documents.map(({ kind, namespace, name, text }) => {
    const scope = namespace === "" ? undefined : namespace;
    return { path: specPathFor(control.store, resources.of(kind).type, { namespace: scope, name }), text };
  });
  sendJson(response, 200, await control.questions.quotaPreview({ documents: placed, removed }));
}
