import { copyFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { noNotes, type DeviceNotes } from "../../core/health/device-notes.ts";
import type { DeviceNotebook } from "../../ports/device-notebook.ts";
import type { Log } from "../../ports/log.ts";
import { messageOf } from "../../util/errors.ts";
import { replaceFile, syncDirectory } from "../atomic-file.ts";
import { errorCode } from "../error-code.ts";
import { keepUnknownFields } from "./keep-unknown-fields.ts";
import { StateNotWritable, StateTooNew } from "./state-errors.ts";
import { fieldsWithout } from "../../util/fields-without.ts";
import { Turns } from "../../util/turns.ts";

/** Format of the file; one with a higher number was written by a newer ds01. */
const notesFormat = 1;

const Envelope = z.object({ version: z.number() });
const Cordon = z.object({
  uuid: z.string(),
  by: z.string(),
  at: z.number(),
  reason: z.string().nullable(),
  drain: z.literal(true).optional(),
});
const Signal = z.object({
  key: z.string(),
  severity: z.enum(["suspect", "unhealthy", "lost"]),
  text: z.string(),
  at: z.number(),
});
const Health = z.object({
  state: z.enum(["Healthy", "Suspect", "Unhealthy", "Recovering", "Lost", "Quarantined"]),
  since: z.number(),
  signals: z.array(Signal),
  lastErrorAt: z.number().nullable(),
  retestAt: z.number().nullable(),
  failedTests: z.number(),
  failures: z.array(z.number()),
  uncorrectedErrors: z.number(),
});
const KnownDevice = z.object({
  device: z.object({
    uuid: z.string(),
    slot: z.string(),
    index: z.number(),
    model: z.string(),
    memoryBytes: z.number(),
    computeCapability: z.string().nullable(),
  }),
  health: Health,
});
const Notes = z.object({
  cordons: z.array(Cordon),
  health: z.array(KnownDevice).default([]),
  kernelLogCursor: z.string().nullable().default(null),
  unreadable: z.object({ at: z.number(), except: z.array(z.string()) }).optional(),
});

export interface DeviceNotesFileOptions {
  readonly stateDir: string;
  readonly log: Log;
  /** Whether this process may still write here (InstanceLock.held). */
  readonly mayWrite?: () => boolean;
}

/** Notes about devices in `<state>/devices.json`, written whole; of a damaged file a copy is kept. */
export class DeviceNotesFile implements DeviceNotebook {
  readonly #path: string;
  readonly #options: DeviceNotesFileOptions;
  readonly #writing = new Turns(1);

  constructor(options: DeviceNotesFileOptions) {
    this.#path = join(options.stateDir, "devices.json");
    this.#options = options;
  }

  read(): DeviceNotes | undefined {
    try {
      const { notes, unknown } = parseNotes(readFileSync(this.#path, "utf8"), this.#path);
      if (unknown.length > 0 && this.#options.mayWrite?.() !== false)
        keepUnknownFields(this.#path, unknown, this.#options.log);
      return notes;
    } catch (error) {
      if (error instanceof StateTooNew) throw error;
      if (errorCode(error) === "ENOENT") return noNotes;
      this.#keepDamaged(error);
      return undefined;
    }
  }

  async write(notes: DeviceNotes): Promise<void> {
    const text = `${JSON.stringify({ version: notesFormat, ...notes })}\n`;
    await this.#writing.take(async () => this.#replace(text));
  }

  async #replace(text: string): Promise<void> {
    if (this.#options.mayWrite?.() === false) {
      throw new StateNotWritable(this.#path, new Error("another controller has taken over"));
    }
    try {
      await replaceFile(this.#path, text, 0o600);
      await syncDirectory(dirname(this.#path));
    } catch (error) {
      throw new StateNotWritable(this.#path, error);
    }
  }

  /** The file itself stays until something is written: until then the next start has to find it damaged too. */
  #keepDamaged(error: unknown): void {
    if (this.#options.mayWrite?.() === false) return;
    const { log } = this.#options;
    const kept = `${this.#path}.corrupt`;
    const fields = { reason: "StateCorrupt", path: this.#path };
    try {
      copyFileSync(this.#path, kept);
      log.warn(fields, `${this.#path} cannot be read (${messageOf(error)}); a copy is kept as ${kept}`);
    } catch (copyError) {
      log.warn({ ...fields, err: copyError }, `${this.#path} is damaged and cannot be copied`);
    }
  }
}

function parseNotes(
  text: string,
  path: string,
): { readonly notes: DeviceNotes; readonly unknown: readonly string[] } {
  const json: unknown = JSON.parse(text);
  const { version } = Envelope.parse(json);
  if (version > notesFormat) throw new StateTooNew(path, version, notesFormat);
  const notes = Notes.parse(json);
  return { notes, unknown: fieldsWithout(json, { version, ...notes }) };
}
