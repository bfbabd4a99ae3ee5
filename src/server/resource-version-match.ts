import { StatusError } from "./failure.ts";
import type { ObjectCache } from "./object-cache.ts";

const name = "resourceVersionMatch";
const initial = "sendInitialEvents";
const matches = ["Exact", "NotOlderThan"];

/**
 * Throws Invalid, in Kubernetes' words, for a `resourceVersionMatch` that does not go with the rest of a list's query,
 * Expired for an exact version other than the present one, as earlier states are not kept, and Timeout for one that is yet
 * to come. Returns the version that the list is of: the one asked for where that is to be exact, else the present one.
 */
export function listVersion(query: URLSearchParams, cache: Pick<ObjectCache, "next" | "version">): number {
  const match = query.get(name) ?? "";
  const version = query.get("resourceVersion") ?? "";
  const present = cache.version();
  if (query.has(initial)) throw forbidden(initial, `${initial} is forbidden for list`);
  if (match === "") return present;
  if (version === "") {
    throw forbidden(name, "resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (!matches.includes(match)) throw unsupported(match, matches);
  const isExact = match === "Exact";
  if (isExact && version === "0") {
    throw forbidden(name, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  }
  const wanted = numberOf(version);
  if (wanted > present) throw tooLarge(wanted, present);
  if (!isExact) return present;
  if (cache.next(wanted) === undefined) return wanted;
  throw new StatusError(
    "Expired",
    `The provided resource version ${wanted} is too old: only the present state is listed; leave out resourceVersionMatch=Exact`,
  );
}

/** The same for the query of a watch. */
export function checkWatchVersion(query: URLSearchParams): void {
  const match = query.get(name) ?? "";
  if (!query.has(initial)) {
    if (match === "") return;
    throw forbidden(name, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  if (match === "") {
    throw forbidden(name, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (match !== "NotOlderThan") throw unsupported(match, ["NotOlderThan"]);
}

function numberOf(version: string): number {
  if (/^\d{1,15}$/.test(version)) return Number(version);
  throw new StatusError("BadRequest", `resourceVersion: wanted a number, found "${version.slice(0, 100)}"`);
}

/** Clients know it by its cause, and begin anew: after a loss of the state, what they remember never comes. */
function tooLarge(wanted: number, present: number): StatusError {
  const what = "Too large resource version";
  return new StatusError("Timeout", `${what}: ${wanted}, current: ${present}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: what }],
    retryAfterSeconds: 1,
  });
}

function forbidden(field: string, message: string): StatusError {
  return invalid({ reason: "FieldValueForbidden", message: `Forbidden: ${message}`, field });
}

function unsupported(found: string, supported: readonly string[]): StatusError {
  const values = supported.map((value) => JSON.stringify(value)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(found.slice(0, 100))}: supported values: ${values}`;
  return invalid({ reason: "FieldValueNotSupported", message, field: name });
}

function invalid(cause: {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}): StatusError {
  const details = { group: "meta.k8s.io", kind: "ListOptions", causes: [cause] };
  const message = `ListOptions.meta.k8s.io "" is invalid: ${cause.field}: ${cause.message}`;
  return new StatusError("Invalid", message, details);
}
