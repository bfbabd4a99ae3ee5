import { closeSync, constants, fdatasyncSync, openSync, readSync, writeSync } from "node:fs";
import { StateNotWritable } from "./state-errors.ts";

/** Versions reserved on disk at once; a restart skips what is left of the block. */
const blockSize = 1000;
/** Width of the number on disk: it is overwritten in place, which works on a full disk as well. */
const digits = 20;

export interface ResourceVersionOptions {
  readonly path: string;
  /** Highest version known from elsewhere, for when the file is lost. */
  readonly floor: number;
  readonly onWriteError: (error: StateNotWritable) => void;
  readonly mayWrite: () => boolean;
}

/** The counter behind every resourceVersion. It never goes back: the end of a block is on disk before its first use. */
export class ResourceVersionCounter {
  readonly #options: ResourceVersionOptions;
  readonly #file: number;
  #closed = false;
  #current: number;
  #reserved: number;

  /** Throws StateNotWritable when the file cannot be opened. */
  constructor(options: ResourceVersionOptions) {
    this.#options = options;
    try {
      this.#file = openSync(options.path, constants.O_RDWR | constants.O_CREAT, 0o600);
    } catch (error) {
      throw new StateNotWritable(options.path, error);
    }
    const stored = this.#read();
    // Without a readable file the records show at least which versions were in use; events may have had more.
    const fallback = options.floor === 0 ? 0 : options.floor + 1000 * blockSize;
    this.#current = Math.max(stored ?? fallback, options.floor);
    this.#reserved = this.#current;
  }

  current(): number {
    return this.#current;
  }

  next(): number {
    this.#current += 1;
    if (this.#current > this.#reserved) this.#reserve();
    return this.#current;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#file);
  }

  #reserve(): void {
    if (this.#closed || !this.#options.mayWrite()) return;
    const end = this.#current - 1 + blockSize;
    try {
      writeSync(this.#file, `${String(end).padStart(digits, "0")}\n`, 0);
      fdatasyncSync(this.#file);
      this.#reserved = end;
    } catch (error) {
      // Counting goes on and the next call tries again: an unwritable disk must not stop events and views.
      this.#options.onWriteError(new StateNotWritable(this.#options.path, error));
    }
  }

  #read(): number | undefined {
    const buffer = Buffer.alloc(digits + 1);
    const length = readSync(this.#file, buffer, 0, buffer.length, 0);
    const text = buffer.toString("latin1", 0, length);
    return /^\d{20}\n$/.test(text) ? Number(text) : undefined;
  }
}
