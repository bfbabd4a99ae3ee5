import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { uptime } from "node:os";
import type { KernelLine, KernelLog } from "../../ports/kernel-log.ts";
import { messageOf } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";

type Follow = KernelLog["follow"];

/** How often it is looked for new lines; one read when there are none. */
const pollMs = 1000;
/** A log that cannot be opened is tried again this often. */
const reopenMs = 30_000;
/** Reads a look; what is left comes with the next one. */
const readsALook = 2000;
const bufferBytes = 16 * 1024;

export interface KernelLogOptions {
  /** `/dev/kmsg`, or a file or named pipe that lines are written to. */
  readonly path: string;
  readonly pollMs?: number;
  /** Names the boot that line numbers belong to. */
  readonly bootIdPath?: string;
}

/**
 * Reads the kernel's log without blocking: records of /dev/kmsg from what is kept of this boot, or lines that are
 * appended to a file or written into a pipe from now on.
 */
export function kernelLog(options: KernelLogOptions): KernelLog {
  return {
    follow: (...call) => {
      new Follower(options, ...call).start();
    },
  };
}

class Follower {
  readonly #options: KernelLogOptions;
  readonly #from: Parameters<Follow>[0];
  readonly #sink: Parameters<Follow>[1];
  readonly #buffer = Buffer.alloc(bufferBytes);
  readonly #bootId: string;
  readonly #signal: AbortSignal;
  #file: { readonly fd: number; readonly isDevice: boolean } | null = null;
  /** Where to read on in a regular file; null for what has no places. */
  #position: number | null = null;
  #rest = "";
  #opensAt = 0;
  #told = "";

  constructor(options: KernelLogOptions, ...[from, sink, signal]: Parameters<Follow>) {
    this.#options = options;
    this.#from = from;
    this.#sink = sink;
    this.#signal = signal;
    this.#bootId = readBootId(options.bootIdPath ?? "/proc/sys/kernel/random/boot_id");
  }

  start(): void {
    const timer = setInterval(() => this.#look(), this.#options.pollMs ?? pollMs);
    timer.unref();
    const stop = (): void => {
      clearInterval(timer);
      this.#close();
    };
    if (this.#signal.aborted) stop();
    else this.#signal.addEventListener("abort", stop, { once: true });
    this.#look(true);
  }

  #look(isFirst = false): void {
    if (this.#signal.aborted) return;
    try {
      if (this.#file === null && !this.#open(isFirst)) return;
      const lines = this.#read();
      if (lines.length > 0) this.#sink.onLines(lines);
    } catch (error) {
      this.#close();
      this.#opensAt = Date.now() + reopenMs;
      this.#tell(false, `${this.#options.path} cannot be read (${messageOf(error)})`);
    }
  }

  #open(isFirst: boolean): boolean {
    if (Date.now() < this.#opensAt) return false;
    const fd = openSync(this.#options.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    this.#file = { fd, isDevice: stat.isCharacterDevice() };
    // What stood in a file before nobody can date.
    this.#position = stat.isFile() ? (isFirst ? stat.size : 0) : null;
    this.#tell(true, `${this.#options.path} is read`);
    return true;
  }

  #close(): void {
    if (this.#file !== null) closeSync(this.#file.fd);
    this.#file = null;
    this.#rest = "";
  }

  #tell(readable: boolean, message: string): void {
    if (this.#told === message) return;
    this.#told = message;
    this.#sink.onState({ readable, message });
  }

  #read(): readonly KernelLine[] {
    const lines: KernelLine[] = [];
    for (let reads = 0; reads < readsALook; reads += 1) {
      const text = this.#chunk();
      if (text === null) break;
      const line = (this.#file?.isDevice ?? false) ? this.#recordLine(text) : undefined;
      if (line !== undefined) lines.push(line);
      else if (this.#file?.isDevice === false) lines.push(...this.#plainLines(text));
    }
    return lines;
  }

  /** What is there to read now; null when there is nothing. A record of the kernel that was overwritten is skipped. */
  #chunk(): string | null {
    const file = this.#file;
    if (file === null) return null;
    if (this.#position !== null && fstatSync(file.fd).size < this.#position) this.#position = 0;
    try {
      const length = readSync(file.fd, this.#buffer, 0, bufferBytes, this.#position);
      if (this.#position !== null) this.#position += length;
      return length === 0 ? null : this.#buffer.toString("utf8", 0, length);
    } catch (error) {
      if (errorCode(error) === "EAGAIN") return null;
      if (errorCode(error) === "EPIPE") return "";
      throw error;
    }
  }

  /** `4,1234,5678901,-;NVRM: ...`: priority, number, microseconds since the boot. */
  #recordLine(record: string): KernelLine | undefined {
    const match = /^\d+,(\d+),(\d+),[^;]*;([^\n]*)/.exec(record);
    if (match === null || !isDriverLine(match[3] ?? "")) return undefined;
    const [, number, microseconds, text = ""] = match;
    const at = Math.round(Date.now() - uptime() * 1000 + Number(microseconds) / 1000);
    const line = { text, at, cursor: `${this.#bootId}:${number}` };
    return this.#isNew(line) ? line : undefined;
  }

  #isNew({ at, cursor }: KernelLine): boolean {
    const [boot, number] = (this.#from.cursor ?? "").split(":");
    if (boot === this.#bootId) return Number(cursor?.split(":")[1]) > Number(number);
    return at >= Date.now() - this.#from.sinceMs;
  }

  #plainLines(text: string): readonly KernelLine[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() ?? "").slice(-bufferBytes);
    return lines.filter(isDriverLine).map((line) => ({ text: line, at: Date.now(), cursor: null }));
  }
}

function isDriverLine(text: string): boolean {
  return text.includes("NVRM:");
}

function readBootId(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // Without it every start looks back over the same time.
    return "unknown";
  }
}
