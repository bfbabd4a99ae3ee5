import { isRecent } from "../../util/is-recent.ts";
import type { FileReading } from "./spec-file.ts";

/** A file counts as complete when it has not changed for this long. */
const settleMs = 50;
/** A file that never comes to rest is taken as it is after this time. */
const longestMs = 2000;

/**
 * Tells a file that is complete from one that somebody is writing.
 *
 * - Not written for 50 ms (its own times say so): complete.
 * - Its name came by rename(2): complete at once. The watcher shows it: a rename gives one event for the name
 *   and none for content, while a file that is written in place gives events for its content. These are in the
 *   kernel's queue before the data can be read, so one turn of the event loop after a read they are known.
 * - Empty: being written, as every file that is written in place begins so.
 *
 * A wrong guess costs one delivery more: the next event makes it look again.
 */
export class SettleWatch {
  readonly waitMs = settleMs;
  /** Path -> how its name came last; only while that matters. */
  readonly #names = new Map<string, { readonly at: number; contentChanged: boolean }>();

  noteHint(path: string, happened: "name" | "content"): void {
    if (happened === "name") {
      if (this.#names.size > 1000) this.#forgetOld();
      this.#names.set(path, { at: performance.now(), contentChanged: false });
      return;
    }
    const name = this.#names.get(path);
    if (name !== undefined) name.contentChanged = true;
  }

  /** Whether nobody has changed it for a while, or has for so long that waiting is no use. */
  isAtRest(reading: Exclude<FileReading, { kind: "absent" }>, startedAt: number): boolean {
    if (reading.stats === undefined || performance.now() - startedAt > longestMs) return true;
    // Refusals look at owner and mode, which are often set right after the content.
    const changedAt = reading.kind === "refused" ? reading.stats.ctimeMs : reading.stats.mtimeMs;
    return !isRecent(changedAt, Date.now(), settleMs);
  }

  /** Whether it came complete; asked a turn of the event loop after it was read. */
  cameComplete(path: string, reading: Exclude<FileReading, { kind: "absent" }>): boolean {
    return reading.kind === "text" && reading.stats.size > 0 && this.#cameByRename(path);
  }

  #cameByRename(path: string): boolean {
    const name = this.#names.get(path);
    return name !== undefined && performance.now() - name.at < longestMs && !name.contentChanged;
  }

  #forgetOld(): void {
    const now = performance.now();
    for (const [path, { at }] of this.#names) if (now - at > longestMs) this.#names.delete(path);
  }
}
