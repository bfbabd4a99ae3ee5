import { StatusError } from "./failure.ts";
import type { ObjectCache } from "./object-cache.ts";

const name = "resourceVersionMatch";
const matches = ["Exact", "NotOlderThan"];

/**
 * Throws Invalid, in Kubernetes' words, for a `resourceVersionMatch` that does not go with the rest of a list's query, and
 * Expired for an exact version other than the present one: earlier states are not kept.
 */
export function checkListVersion(query: URLSearchParams, cache: Pick<ObjectCache, "next" | "version">): void {
  const match = query.get(name) ?? "";
  const version = query.get("resourceVersion") ?? "";
  if (match === "") return;
  if (version === "") throw forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
  if (!matches.includes(match)) throw unsupported(match, matches);
  if (match !== "Exact") return;
  if (version === "0") throw forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (!/^\d{1,15}$/.test(version)) {
    throw new StatusError("BadRequest", `resourceVersion: wanted a number, found "${version.slice(0, 100)}"`);
  }
  const wanted = Number(version);
  if (wanted > cache.version()) {
    const message = `Too large resource version: ${wanted}, current: ${cache.version()}`;
    throw new StatusError("Timeout", message);
  }
  if (cache.next(wanted) === undefined) return;
  throw new StatusError(
    "Expired",
    `The provided resource version ${wanted} is too old: only the present state is listed; leave out resourceVersionMatch=Exact`,
  );
}

/** The same for the query of a watch. */
export function checkWatchVersion(query: URLSearchParams): void {
  const match = query.get(name) ?? "";
  if (match === "") return;
  if (!query.has("sendInitialEvents")) {
    throw forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (match !== "NotOlderThan") throw unsupported(match, ["NotOlderThan"]);
}

function forbidden(message: string): StatusError {
  return invalid("FieldValueForbidden", `Forbidden: ${message}`);
}

function unsupported(found: string, supported: readonly string[]): StatusError {
  const values = supported.map((value) => JSON.stringify(value)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(found.slice(0, 100))}: supported values: ${values}`;
  return invalid("FieldValueNotSupported", message);
}

function invalid(reason: string, message: string): StatusError {
  const causes = [{ reason, message, field: name }];
  const details = { group: "meta.k8s.io", kind: "ListOptions", causes };
  return new StatusError("Invalid", `ListOptions.meta.k8s.io "" is invalid: ${name}: ${message}`, details);
}
