import { statusCodes, statusFailure } from "../api/status-error.ts";
import type { StatusDetails, StatusObject, StatusReason } from "../api/status-error.ts";
import {
  ConflictError,
  DeniedError,
  Ds01Error,
  InvalidError,
  messageWithRemedy,
  NotFoundError,
  UnreachableError,
} from "../util/errors.ts";
import type { Caller, Verb } from "./access.ts";
import type { ResourceType } from "./resource-type.ts";
import { groupOf } from "./resource-type.ts";

/** Ends a request with a Status; the only error that routes throw on purpose. */
export class StatusError extends Error {
  readonly status: StatusObject;

  constructor(reason: StatusReason, message: string, details?: StatusDetails) {
    super(message);
    this.name = "StatusError";
    this.status = statusFailure(reason, message, details);
  }
}

/** `containers.ds01.io`, or `pods` in the core group. */
export function qualified(type: ResourceType): string {
  const group = groupOf(type);
  return group === "" ? type.plural : `${type.plural}.${group}`;
}

/** `details` that name the object which a failure is about, or only its kind. */
export function detailsOf(type: ResourceType, name: string | undefined): StatusDetails {
  const group = groupOf(type);
  return {
    ...(name === undefined ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind: type.plural,
  };
}

/** 404 in kubectl's words. */
export function notFound(type: ResourceType, name: string): StatusError {
  return new StatusError("NotFound", `${qualified(type)} "${name}" not found`, detailsOf(type, name));
}

const readingVerbs: ReadonlySet<Verb> = new Set<Verb>(["get", "list", "watch"]);

/** 403 in kubectl's words; who wants to write is told where they may. */
export function forbidden(
  caller: Caller,
  verb: Verb,
  type: ResourceType,
  target: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): StatusError {
  const { namespace, name } = target;
  const object = name === undefined ? "" : ` "${name}"`;
  const place = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const writes = namespace !== undefined && !readingVerbs.has(verb);
  const own = writes && namespace !== caller.user ? `; yours is "${caller.user}"` : "";
  return new StatusError(
    "Forbidden",
    `${qualified(type)}${object} is forbidden: User "${caller.user}" cannot ${verb} resource "${type.plural}"` +
      ` in API group "${groupOf(type)}" ${place}${own}`,
    detailsOf(type, name),
  );
}

/** The Status that stands for anything thrown; `unexpected` is true when it is nobody's input but a fault. */
export function statusOfError(error: unknown): {
  readonly status: StatusObject;
  readonly unexpected: boolean;
} {
  if (error instanceof StatusError) return { status: error.status, unexpected: false };
  const reason = reasonOf(error);
  if (reason === undefined || !(error instanceof Ds01Error)) {
    const message = "Internal error occurred: the controller's log has the details";
    return { status: statusFailure("InternalError", message), unexpected: true };
  }
  const causes = [{ reason: error.reason, message: error.message }];
  return { status: statusFailure(reason, messageWithRemedy(error), { causes }), unexpected: false };
}

function reasonOf(error: unknown): StatusReason | undefined {
  if (error instanceof NotFoundError) return "NotFound";
  if (error instanceof ConflictError) return "Conflict";
  if (error instanceof DeniedError) return "Forbidden";
  if (error instanceof InvalidError) return "BadRequest";
  if (error instanceof UnreachableError) return "ServiceUnavailable";
  return undefined;
}

/** HTTP code of a Status. */
export function codeOf(status: StatusObject): number {
  return status.code ?? statusCodes[status.reason ?? "InternalError"];
}
