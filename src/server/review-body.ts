import { contentType, readBody, readBytes } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { StatusError } from "./failure.ts";
import { isObject } from "./merge-patch.ts";
import { readProtobuf } from "./protobuf.ts";
import type { MessageShape } from "./protobuf.ts";

/** k8s.io/api authorization/v1 and apimachinery meta/v1, as far as it is looked at. */
const shapes: Readonly<Record<string, MessageShape>> = {
  SelfSubjectReview: {},
  SelfSubjectRulesReview: { 2: ["spec", { 1: ["namespace", "text"] }] },
  SelfSubjectAccessReview: {
    2: [
      "spec",
      {
        1: [
          "resourceAttributes",
          {
            1: ["namespace", "text"],
            2: ["verb", "text"],
            3: ["group", "text"],
            4: ["version", "text"],
            5: ["resource", "text"],
            6: ["subresource", "text"],
            7: ["name", "text"],
          },
        ],
        2: ["nonResourceAttributes", { 1: ["path", "text"], 2: ["verb", "text"] }],
      },
    ],
  },
  DeleteOptions: {
    2: ["preconditions", { 1: ["uid", "text"], 2: ["resourceVersion", "text"] }],
    5: ["dryRun", "texts"],
  },
};

/** A body that is JSON, or protobuf as kubectl sends it for kinds of Kubernetes' own; `{}` where there is none. */
export async function readOwnObject(exchange: Exchange): Promise<Readonly<Record<string, unknown>>> {
  if (contentType(exchange.request) === "application/vnd.kubernetes.protobuf") {
    const bytes = await readBytes(exchange.request);
    return bytes.length === 0 ? {} : readProtobuf(bytes, (kind) => shapes[kind]);
  }
  const text = await readBody(exchange.request);
  if (text.trim() === "") return {};
  try {
    const body: unknown = JSON.parse(text);
    if (isObject(body)) return body;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new StatusError("BadRequest", "the body is no JSON object");
}
