import {
  ConflictError,
  DeniedError,
  Ds01Error,
  UnreachableError,
  type ErrorDetails,
} from "../../util/errors.ts";
import { formatAge } from "../../util/duration.ts";
import { GitFailure } from "./git-failure.ts";

/** Somebody else is at the branch at this moment: on what is there a moment later, it may well go. */
export class BranchBusy extends ConflictError {}

/** What servers say to whose login may read and not write, in words of their own. */
const mayNotWrite =
  /read.?only|not allowed to push|denied to|not permitted|Permission denied|Permission to \S+ denied|returned error: 40[13]|not authorized|Access denied|access rights/i;

/** The failure that `git push` tells of before any branch was judged: the login, the server, the disk. */
export function deniedPush(stderr: string): DeniedError | null {
  const line = stderr.split("\n").find((one) => mayNotWrite.test(one));
  if (line === undefined) return null;
  return new DeniedError({
    reason: "PushDenied",
    message: `the server does not let ds01 push (${line.trim().slice(0, 300)})`,
    remedy: "an admin gives the key or token of sources[].git.credentials the right to write branches",
  });
}

/** What Git and servers say of a branch that is no longer where it was seen. */
const moved =
  /fetch first|non-fast-forward|stale info|needs force|cannot lock ref|failed to update ref|already exists|incorrect old value/i;

/** The file that another Git has made to keep all others away, or has left there. */
function lockIn(remote: readonly string[]): string | undefined {
  const [file] = remote.flatMap(
    (line) => /Unable to create '(.+\.lock)': File exists/.exec(line)?.slice(1) ?? [],
  );
  return file?.replaceAll("/./", "/").slice(-300);
}

/** A rejection by the server, by what it says of the branch and to people. */
export function rejectedPush(branch: string, said: string, remote: readonly string[]): Ds01Error {
  const lock = lockIn(remote);
  if (lock !== undefined) {
    return new BranchBusy({
      reason: "BranchLocked",
      message: `the repository has a lock on ${branch} (${lock})`,
      remedy:
        "try again; where it stays, a Git that was ended has left it: whoever keeps the repository removes that file while no Git runs there",
    });
  }
  // A branch in the place of a directory of this one stays there, however often it is tried.
  const isInTheWay = remote.some((line) => /cannot create/.test(line));
  if (!isInTheWay && moved.test(said)) {
    return new BranchBusy({
      reason: "BranchMoved",
      message: `others push to ${branch} at the same time`,
      remedy: "try again, or take another branch",
    });
  }
  if (/shallow/i.test(said)) {
    return new ConflictError({
      reason: "RevisionGone",
      message: "the server no longer has the revision in effect",
      remedy: "have a newer one taken first: ds01 sync now",
    });
  }
  const words = remote.length === 0 ? "" : `: ${remote.slice(0, 5).join(" ").slice(0, 500)}`;
  return new DeniedError({
    reason: "PushRejected",
    message: `the server has rejected ${branch} (${said.slice(0, 200)})${words}`,
    remedy: "its own rules say why; take a branch that they allow",
  });
}

/** Where others had their turn for too long. */
export function pushNotBegun(timeoutMs: number): UnreachableError {
  return new UnreachableError({
    reason: "PushNotBegun",
    message: `it waited ${formatAge(timeoutMs)} for other pushes to the repository and was not begun: nothing of it was pushed`,
    remedy: "try again; where that goes on, an admin looks at the server and the network",
  });
}

/** Where it is no longer of use to try: the time is over, or the controller ends. */
export function interruptedPush(isOver: boolean, timeoutMs: number): UnreachableError {
  return isOver
    ? new UnreachableError({
        reason: "PushTimeout",
        message: `the server was not done within ${formatAge(timeoutMs)}; whether the branch was pushed is not known`,
        remedy: "try again: what is there already is not pushed twice",
      })
    : new UnreachableError({
        reason: "ControllerEnding",
        message: "the controller ends",
        remedy: "try again when it runs",
      });
}

const trying = "look at the server and the network, and try again";

/** What of a repository or its server was in the way, as an error of who wanted to push; all else is passed on. */
export function pushError(error: unknown): unknown {
  if (!(error instanceof GitFailure)) return error;
  const { reason, message } = error;
  const remedy = reason === "SourceUnreachable" ? trying : error.remedy;
  const details: ErrorDetails = { reason, message, cause: error };
  return new UnreachableError(remedy === undefined ? details : { ...details, remedy });
}
