import type { Exchange } from "./exchange.ts";
import type { ExpectedObject } from "./expected-object.ts";
import { StatusError } from "./failure.ts";
import { isObject } from "./merge-patch.ts";
import { readOwnObject } from "./review-body.ts";

/** What the body of a DELETE says: DeleteOptions of meta/v1, as far as they mean anything here. */
export interface Deletion {
  readonly dryRun: boolean;
  readonly expected: ExpectedObject;
}

/** Reads the body of a DELETE; kubectl says there, not in the query, that it only asks. */
export async function deletionOf(exchange: Exchange): Promise<Deletion> {
  const { dryRun = [], preconditions } = await readOwnObject(exchange);
  const { uid, resourceVersion } = isObject(preconditions) ? preconditions : {};
  if (!Array.isArray(dryRun) || dryRun.some((word) => word !== "All")) {
    throw new StatusError("BadRequest", 'dryRun: the only supported value is "All"');
  }
  return {
    dryRun: dryRun.length > 0,
    expected: {
      uid: precondition("uid", uid),
      resourceVersion: precondition("resourceVersion", resourceVersion),
    },
  };
}

function precondition(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new StatusError("BadRequest", `preconditions.${name}: wanted a text`);
}
