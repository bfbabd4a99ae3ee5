import { Ds01Error, messageOf } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "free space on that file system; ds01 tries again by itself",
  EDQUOT: "raise the disk quota of the user that runs ds01; it tries again by itself",
  EROFS: "remount it writable; ds01 tries again by itself",
  EACCES: "let the user that runs ds01 write there, or choose another directory with --state-dir",
  EPERM: "let the user that runs ds01 write there, or choose another directory with --state-dir",
};

/** What was to be written did not reach the disk; memory has it and it is tried again. */
export class StateNotWritable extends Ds01Error {
  constructor(path: string, cause: unknown) {
    super({
      reason: "StateNotWritable",
      message: `cannot write ${path}: ${messageOf(cause)}`,
      remedy: remedies[errorCode(cause)] ?? "see that the state directory can be written",
      cause,
    });
  }
}

/** The state directory was written by a newer ds01; the process ends with `exitCode` 78 (EX_CONFIG). */
export class StateTooNew extends Ds01Error {
  readonly exitCode = 78;

  constructor(path: string, found: number, known: number) {
    super({
      reason: "StateTooNew",
      message: `${path} has format ${found}; this ds01 knows formats up to ${known}`,
      remedy: "install the newer ds01 again, or choose another directory with --state-dir",
    });
  }
}
