import type { KindName } from "../../api/names.ts";
import type { ApiObject } from "../../api/meta.ts";
import { sameValue } from "../../util/same-value.ts";
import { contentType, parameter, readBody, sendJson } from "../exchange.ts";
import type { Exchange } from "../exchange.ts";

import { detailsOf, notFound, StatusError } from "../failure.ts";
import { applyJsonPatch } from "../json-patch.ts";
import { applyMergePatch, isObject } from "../merge-patch.ts";
import { presentRecord } from "../present.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";
import { recordOf } from "../spec-path.ts";
import { readDocument } from "../spec-text.ts";
import { parseJson } from "../written-object.ts";
import { authorize, collectionPattern } from "./reading.ts";

/**
 * PUT and PATCH of `/status`. ds01 observes status, and nobody writes it: a write that leaves it as it is is answered with
 * the object, as Kubernetes does, so that a client that sends back what it has read goes on; any other is refused.
 */
export function statusRoutes(services: Services): readonly Route[] {
  return services.resources.all
    .filter(({ type }) => !type.observed)
    .flatMap(({ type }): readonly Route[] => {
      const pattern = `${collectionPattern(type)}/:name/status`;
      const handle = async (exchange: Exchange): Promise<void> => answer(services, type, exchange);
      return [
        { method: "PUT", pattern, handle },
        { method: "PATCH", pattern, handle },
      ];
    });
}

async function answer({ control }: Services, type: KindName, exchange: Exchange): Promise<void> {
  const target = { namespace: exchange.parameters["namespace"], name: parameter(exchange, "name") };
  const verb = exchange.request.method === "PUT" ? "update" : "patch";
  authorize(exchange.caller, verb, type, target);
  const text = await readBody(exchange.request);
  const record = recordOf(control.store, type, target);
  if (record === undefined) throw notFound(type, target.name);
  const object = presentRecord(record);
  if (!sameValue(wantedStatus(object, contentType(exchange.request), text), object.status)) {
    throw new StatusError(
      "MethodNotAllowed",
      `the status of ${type.plural} is what ds01 observes, and nobody writes it; what should be stands in spec`,
      detailsOf(type, target.name),
    );
  }
  sendJson(exchange.response, 200, object);
}

/** The status that a body asks for; what it does not mention stays. */
function wantedStatus(object: ApiObject, mediaType: string, text: string): unknown {
  if (mediaType === "application/json-patch+json") {
    const patched = applyJsonPatch(object, parseJson(text));
    return isObject(patched) ? patched["status"] : undefined;
  }
  const isYaml = mediaType.endsWith("yaml");
  const body = isYaml ? readDocument(text) : parseJson(text);
  if (!isObject(body)) throw new StatusError("BadRequest", "the body is no object");
  const { status = {} } = body;
  return mediaType.includes("patch")
    ? applyMergePatch(object.status, status)
    : { ...(object.status as object), ...(status as object) };
}
