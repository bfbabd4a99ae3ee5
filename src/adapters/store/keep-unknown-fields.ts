import { readFileSync, writeFileSync } from "node:fs";
import type { Log } from "../../ports/log.ts";

/** Keeps a copy of a file beside it, and tells of it: it has fields, by their paths, that the next write loses. */
export function keepUnknownFields(path: string, unknown: readonly string[], log: Log): void {
  const keptIn = `${path}.unknown-fields`;
  const fields = { reason: "StateFieldsUnknown", path, unknown, keptIn };
  try {
    writeFileSync(keptIn, readFileSync(path), { mode: 0o600 });
    log.warn(fields, "it has fields that this ds01 does not know; the next write loses them here");
  } catch (error) {
    log.warn(
      { ...fields, err: error },
      "it has fields that this ds01 does not know, and no copy can be made",
    );
  }
}
