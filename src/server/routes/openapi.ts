import { apiVersion } from "../../api/names.ts";
import { openApiDocument, openApiPath, ownKinds } from "../../api/openapi.ts";
import type { DescribedKind } from "../../api/openapi.ts";
import { sha256 } from "../../util/hash.ts";
import { coreSchemas } from "../core-schemas.ts";
import { discoveredResources } from "../discovered-resources.ts";
import { sendJson } from "../exchange.ts";
import type { Route } from "../router.ts";
import type { Services } from "../services.ts";

/** The core group of Kubernetes. */
const core = "v1";

/** OpenAPI v3 of our own group and of the core group, and an empty v2 for clients that cannot go on without one. */
export function openApiRoutes({ version }: Services): readonly Route[] {
  // Most servers are never asked.
  const groups = [
    { path: openApiPath(core), of: made(version, coreKinds) },
    { path: openApiPath(apiVersion), of: made(version, ownKinds) },
  ];
  return [
    {
      method: "GET",
      pattern: "/openapi/v3",
      handle: ({ response }) => {
        const places = groups.map(({ path, of }) => {
          const serverRelativeURL = `/openapi/v3/${path}?hash=${of().hash}`;
          return [path, { serverRelativeURL }] as const;
        });
        sendJson(response, 200, { paths: Object.fromEntries(places) });
      },
    },
    ...groups.map(({ path, of }): Route => ({
      method: "GET",
      pattern: `/openapi/v3/${path}`,
      handle: ({ response }) => sendJson(response, 200, of().document),
    })),
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

interface MadeDocument {
  readonly document: object;
  readonly hash: string;
}

/** Made when somebody asks first. */
function made(version: string, kindsOf: () => readonly DescribedKind[]): () => MadeDocument {
  let kept: MadeDocument | undefined;
  return () => {
    if (kept === undefined) {
      const document = openApiDocument(version, kindsOf());
      kept = { document, hash: sha256(JSON.stringify(document)) };
    }
    return kept;
  };
}

function coreKinds(): readonly DescribedKind[] {
  return discoveredResources.flatMap(({ type }) => {
    const schema = type.apiVersion === core ? coreSchemas[type.kind] : undefined;
    return schema === undefined ? [] : [{ names: type, schema, written: false }];
  });
}
