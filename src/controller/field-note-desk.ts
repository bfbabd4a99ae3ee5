import { notedEdit, withNotes } from "../core/field-managers/field-notes.ts";
import type { StoredRecord } from "../core/record.ts";
import type { FieldNote } from "../ports/control-plane.ts";
import type { Store } from "../ports/store.ts";
import { identityKey } from "./spec-index.ts";
import { storedRecord } from "./stored-record.ts";

/** A text of the API is taken in within moments; what comes later than this counts as an edit of the file. */
const announcedMs = 30_000;
/** Each may hold half a megabyte, and who writes need not write what is taken in. */
const announcedMax = 256;

/**
 * Notes with an object who has written which of its fields. The API says so before it writes the file, and it holds as
 * soon as the file is taken in, so that nobody sees one without the other. What a crash loses in between counts as an
 * edit of the file.
 */
export class FieldNoteDesk {
  readonly #store: Store;
  readonly #now: () => number;
  /** Announced and not yet taken in: the last of each object, the oldest first. */
  readonly #announced = new Map<string, { readonly note: FieldNote; readonly until: number }>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** What is noted of an object from the moment on in which its file has this text; at once where it has it. */
  async note(note: FieldNote): Promise<void> {
    const record = storedRecord(this.#store, note);
    const isThere = record?.source.contentHash === note.contentHash && record.deletion === null;
    if (record === undefined || !isThere) {
      this.#announce(note);
      return;
    }
    await this.#store.put(withNotes(record, note.notes) as never);
  }

  /** How many notes wait for a text. */
  get announced(): number {
    return this.#announced.size;
  }

  /** The text of a note will not come. */
  takeBack(note: FieldNote): void {
    const key = identityKey(note);
    if (this.#announced.get(key)?.note.contentHash === note.contentHash) this.#announced.delete(key);
  }

  /** The record to be stored in the place of another, with what was announced of its text, else as an edit of the file. */
  noted(before: StoredRecord | undefined, next: StoredRecord): StoredRecord {
    const key = identityKey(next);
    this.#forgetOld();
    const announced = this.#announced.get(key)?.note;
    if (announced?.contentHash === next.source.contentHash) {
      this.#announced.delete(key);
      return withNotes(next, announced.notes);
    }
    return before === undefined ? next : notedEdit(before, next, this.#now());
  }

  #announce(note: FieldNote): void {
    const key = identityKey(note);
    this.#announced.delete(key);
    this.#announced.set(key, { note, until: this.#now() + announcedMs });
    this.#forgetOld();
  }

  #forgetOld(): void {
    for (const [key, { until }] of this.#announced) {
      if (until > this.#now() && this.#announced.size <= announcedMax) return;
      this.#announced.delete(key);
    }
  }
}
