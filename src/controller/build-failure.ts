import { StalledError, WaitingError } from "../util/errors.ts";

/** Nobody wants it any more: no failure, the next look decides. */
export function buildEnded(): WaitingError {
  return new WaitingError({
    reason: "BuildEnded",
    message: "the build was ended: it is not wanted any more",
  });
}

/** `limitMs`: how long a build may take. */
export function buildTooLong(limitMs: number): StalledError {
  return new StalledError({
    reason: "BuildTooLong",
    message: `cannot build the image: the build took longer than ${limitMs / 3_600_000} h`,
    remedy: "see where it hangs with ds01 logs NAME --build",
  });
}

/** Everybody may read a status; what a Dockerfile and its steps say is for its owner, who has the log. */
export function withoutOutput(error: unknown, step: string): unknown {
  if (!(error instanceof StalledError) || error.reason !== "BuildFailed") return error;
  return new StalledError({
    reason: error.reason,
    message: `cannot build the image: ${step === "" ? "the Dockerfile cannot be used" : `${step} failed`}`,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  });
}
