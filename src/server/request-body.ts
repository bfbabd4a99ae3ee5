import type { z } from "zod";
import { StatusError } from "./failure.ts";

/** What the body of one of ds01's own calls says; BadRequest with `wanted` where it is no JSON or another. */
export function parseRequestBody<T>(schema: z.ZodType<T>, body: string, wanted: string): T {
  try {
    const parsed = schema.safeParse(JSON.parse(body));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new StatusError("BadRequest", `wanted ${wanted}`);
}
