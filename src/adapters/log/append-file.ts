import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { performance } from "node:perf_hooks";
import type { Log } from "../../ports/log.ts";
import { messageOf } from "../../util/errors.ts";

/** A file that cannot be written is complained about this often at most. */
const complaintMs = 60_000;

/**
 * A file that lines are appended to, one write(2) each. When it was rotated or deleted the next line goes to a
 * new one. Lines that cannot be written are lost, with a warning: no view is worth stopping for.
 */
export class AppendFile {
  readonly #path: string;
  readonly #mode: number;
  readonly #log: Log;
  #file: number | undefined;
  #identity = "";
  #complainAgainAt = 0;

  constructor(path: string, mode: number, log: Log) {
    this.#path = path;
    this.#mode = mode;
    this.#log = log;
  }

  /** Appends a line; `line` has no newline of its own. */
  append(line: string): void {
    try {
      writeSync(this.#open(), `${line}\n`);
    } catch (error) {
      this.close();
      if (performance.now() < this.#complainAgainAt) return;
      this.#complainAgainAt = performance.now() + complaintMs;
      this.#log.warn(
        { err: error, path: this.#path },
        `lines for ${this.#path} are lost: ${messageOf(error)}`,
      );
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    const there = statSync(this.#path, { throwIfNoEntry: false });
    if (this.#file !== undefined && there !== undefined && `${there.dev}:${there.ino}` === this.#identity)
      return this.#file;
    this.close();
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o755 });
    const file = openSync(this.#path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, this.#mode);
    this.#file = file;
    const stats = fstatSync(file);
    this.#identity = `${stats.dev}:${stats.ino}`;
    if (endsInTheMiddle(file, stats.size)) writeSync(file, "\n");
    return file;
  }
}

/** Whether a crash or a full disk left a part of a line at the end. */
function endsInTheMiddle(file: number, size: number): boolean {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last.toString() !== "\n";
}
