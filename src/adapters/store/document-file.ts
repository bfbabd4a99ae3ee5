import { copyFileSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Log } from "../../ports/log.ts";
import type { StateDocument } from "../../ports/state-document.ts";
import { messageOf } from "../../util/errors.ts";
import { replaceFile } from "../atomic-file.ts";
import { errorCode } from "../error-code.ts";
import { keepUnknownFields } from "./keep-unknown-fields.ts";
import { StateTooNew } from "./state-errors.ts";

/** Format of all documents, where they name one; a document with a higher one was written by a newer ds01. */
const documentFormat = 1;

export interface DocumentFileOptions {
  readonly path: string;
  readonly log: Log;
  /** False once another controller has taken over. */
  readonly mayWrite: () => boolean;
}

/**
 * A document in a file of its own, replaced as a whole; what cannot be read is told in the log. Reading throws
 * StateTooNew for what a newer ds01 has written: the next write would lose it.
 */
export function documentFile({ path, log, mayWrite }: DocumentFileOptions): StateDocument {
  return {
    read() {
      let value: unknown;
      try {
        value = JSON.parse(readFileSync(path, "utf8"));
      } catch (error) {
        if (errorCode(error) === "ENOENT") return null;
        log.warn({ reason: "DocumentUnreadable", path, message: messageOf(error) }, "starting without it");
        return undefined;
      }
      const version: unknown = typeof value === "object" && value !== null && Reflect.get(value, "version");
      if (typeof version === "number" && version > documentFormat)
        throw new StateTooNew(path, version, documentFormat);
      return value;
    },
    keepUnknown(fields) {
      if (mayWrite()) keepUnknownFields(path, fields, log);
    },
    keepDamaged() {
      if (!mayWrite()) return;
      const kept = `${path}.corrupt`;
      try {
        copyFileSync(path, kept);
        log.warn({ reason: "StateCorrupt", path, kept }, `${path} is damaged; a copy is kept as ${kept}`);
      } catch (error) {
        log.warn({ reason: "StateCorrupt", path, err: error }, `${path} is damaged and cannot be copied`);
      }
    },
    async write(value) {
      if (!mayWrite()) return;
      await mkdir(dirname(path), { recursive: true });
      await replaceFile(path, `${JSON.stringify(value)}\n`, 0o600);
    },
  };
}
