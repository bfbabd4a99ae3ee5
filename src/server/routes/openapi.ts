import { apiVersion } from "../../api/names.ts";
import { openApiDocument } from "../../api/openapi.ts";
import { sha256 } from "../../util/hash.ts";
import { sendJson } from "../exchange.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

const documentPath = `/openapi/v3/apis/${apiVersion}`;

/** OpenAPI v3 of our own group, and an empty v2 for clients that cannot go on without one. */
export function openApiRoutes({ version }: Services): readonly Route[] {
  let made: { readonly document: object; readonly hash: string } | undefined;
  // Most servers are never asked.
  const openApi = (): typeof made & object => {
    if (made === undefined) {
      const document = openApiDocument(version);
      made = { document, hash: sha256(JSON.stringify(document)) };
    }
    return made;
  };
  return [
    {
      method: "GET",
      pattern: "/openapi/v3",
      handle: ({ response }) => {
        const serverRelativeURL = `${documentPath}?hash=${openApi().hash}`;
        sendJson(response, 200, { paths: { [`apis/${apiVersion}`]: { serverRelativeURL } } });
      },
    },
    {
      method: "GET",
      pattern: documentPath,
      handle: ({ response }) => sendJson(response, 200, openApi().document),
    },
    {
      method: "GET",
      pattern: "/openapi/v2",
      handle: ({ response }) => {
        // kubectl up to 1.28 checks objects against it, and takes an empty one for "nothing to check". It cannot read
        // the type with an "@" by which it asks.
        const type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
        response.writeHead(200, { "content-type": type, "content-length": 0 }).end();
      },
    },
  ];
}
