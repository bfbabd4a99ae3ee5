import type { StatusObject, StatusReason } from "../api/status-error.ts";
import {
  ConflictError,
  DeniedError,
  Ds01Error,
  InvalidError,
  NotFoundError,
  UnreachableError,
} from "../util/errors.ts";
import type { ErrorDetails } from "../util/errors.ts";

type ErrorClass = new (details: ErrorDetails) => Ds01Error;

const errorClasses: Readonly<Record<StatusReason, ErrorClass>> = {
  NotFound: NotFoundError,
  Forbidden: DeniedError,
  Unauthorized: DeniedError,
  AlreadyExists: ConflictError,
  Conflict: ConflictError,
  BadRequest: InvalidError,
  Invalid: InvalidError,
  MethodNotAllowed: InvalidError,
  NotAcceptable: InvalidError,
  RequestEntityTooLarge: InvalidError,
  UnsupportedMediaType: InvalidError,
  ServiceUnavailable: UnreachableError,
  Expired: Ds01Error,
  InternalError: Ds01Error,
  Timeout: Ds01Error,
};

/** The typed error of a Status failure: `reason` and `message` are the Status's, `cause` is the Status itself. */
export function errorOfStatus(status: StatusObject): Ds01Error {
  const reason = status.reason ?? "InternalError";
  const message = status.message ?? `the controller answered ${status.code ?? "without a status"}`;
  // A newer server may know reasons that this table does not.
  const ErrorOfReason: ErrorClass | undefined = errorClasses[reason];
  return new (ErrorOfReason ?? Ds01Error)({ reason, message, cause: status });
}

/** The typed error of an answer that is not 2xx. */
export function errorOfAnswer(code: number, body: string): Ds01Error {
  const status = parseStatus(body);
  if (status !== undefined) return errorOfStatus(status);
  const message = body.trim() === "" ? `the controller answered ${code}` : body.trim().slice(0, 500);
  return new Ds01Error({ reason: "InternalError", message });
}

/** The Status behind an error of this client, with its `details.causes`; undefined when it came from elsewhere. */
export function statusOf(error: unknown): StatusObject | undefined {
  return error instanceof Error && isStatus(error.cause) ? error.cause : undefined;
}

/** True for a Status object. */
export function isStatus(value: unknown): value is StatusObject {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

function parseStatus(body: string): StatusObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
