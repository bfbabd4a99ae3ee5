import {
  ConflictError,
  Ds01Error,
  NotFoundError,
  StalledError,
  UnreachableError,
  WaitingError,
  messageOf,
} from "../../util/errors.ts";
import { knownFailures } from "./known-failures.ts";

/** HTTP status of an answer of the engine, undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** What the engine said, without dockerode's preamble. */
export function engineText(error: unknown): string {
  const json = typeof error === "object" && error !== null && "json" in error ? error.json : undefined;
  const told = typeof json === "object" && json !== null && "message" in json ? json.message : undefined;
  const text = typeof told === "string" ? told : messageOf(error);
  // The value of a variable is nobody's business.
  return text.replace(/(invalid environment variable).*/s, "$1").trim();
}

/** Anything a call threw, as one of our typed errors; `what` is the call in words (`start train._.alice`). */
export function engineError(error: unknown, what: string): Error {
  if (error instanceof Ds01Error) return error;
  const status = statusOf(error);
  if (status === undefined) return withoutAnswer(error, what);
  return describedError(engineText(error), what, status) ?? byStatus(error, what, status);
}

/** The typed error for a text of the engine that is known to mean something; undefined for an unknown one. */
export function describedError(text: string, what: string, status?: number): Ds01Error | undefined {
  for (const { pattern, statuses, kind, reason, remedy } of knownFailures) {
    if (statuses !== undefined && (status === undefined || !statuses.includes(status))) continue;
    const match = pattern.exec(text);
    if (match === null) continue;
    const found = text.slice(match.index).replace(/: unknown$/, "");
    const details = {
      reason,
      message: `cannot ${what}: ${found}`,
      ...(remedy === undefined ? {} : { remedy }),
    };
    switch (kind) {
      case "stalled":
        return new StalledError(details);
      case "waiting":
        return new WaitingError(details);
      case "conflict":
        return new ConflictError(details);
      case "notFound":
        return new NotFoundError(details);
      case "unreachable":
        return new UnreachableError(details);
      case "fault":
        return new Ds01Error(details);
    }
  }
  return undefined;
}

function byStatus(error: unknown, what: string, status: number): Ds01Error {
  const message = `cannot ${what}: ${engineText(error)}`;
  if (status === 404) return new NotFoundError({ reason: "NotFound", message });
  if (status === 409) return new ConflictError({ reason: "Conflict", message });
  if (status === 400) {
    return new StalledError({ reason: "InvalidConfiguration", message, remedy: "correct the spec" });
  }
  return new Ds01Error({ reason: "EngineFault", message });
}

const connectionCodes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens at its socket",
  ENOENT: "its socket does not exist",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  ERR_STREAM_PREMATURE_CLOSE: "it closed the connection",
  ETIMEDOUT: "it did not answer",
  EHOSTUNREACH: "its host cannot be reached",
  ENETUNREACH: "its host cannot be reached",
  ENOTFOUND: "its host name is not known",
  EAI_AGAIN: "its host name cannot be looked up",
};

function withoutAnswer(error: unknown, what: string): Error {
  if (!(error instanceof Error))
    return new Ds01Error({ reason: "EngineFault", message: `cannot ${what}: ${String(error)}` });
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "EACCES" || code === "EPERM") {
    return new UnreachableError({
      reason: "EngineAccessDenied",
      message: `cannot ${what}: no permission to use the socket of the Docker Engine`,
      remedy: "run as root or as a member of the group docker",
    });
  }
  const found = connectionCodes[code];
  if (found === undefined) return error;
  return new UnreachableError({
    reason: "EngineUnreachable",
    message: `cannot ${what}: the Docker Engine cannot be reached: ${found}`,
    remedy: "start it (`systemctl start docker`), or set DOCKER_HOST to where it is",
  });
}
