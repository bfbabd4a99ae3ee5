import { Ds01Error } from "../util/errors.ts";

/** The command line itself is wrong (exit code 2); the message names what was expected. */
export class UsageError extends Ds01Error {
  constructor(message: string, remedy?: string) {
    super({ reason: "Usage", message, ...(remedy === undefined ? {} : { remedy }) });
  }
}
