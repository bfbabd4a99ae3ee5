import { Ds01Error } from "../../util/errors.ts";

/** Undefined where the engine itself refuses for this reason; any other 404 or 409 is no proof. */
export async function unless(reason: string, answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Ds01Error && error.reason === reason) return undefined;
    throw error;
  }
}
