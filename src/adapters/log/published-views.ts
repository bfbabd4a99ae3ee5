import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Operation, PublishedViews } from "../../ports/operations-log.ts";
import { messageOf } from "../../util/errors.ts";
import { sha256 } from "../../util/hash.ts";
import { unfinishedName } from "../atomic-file.ts";
import { errorCode } from "../error-code.ts";
import { systemClock } from "../host/system-clock.ts";
import { AppendFile } from "./append-file.ts";

export interface PublishedViewsOptions {
  readonly stateDir: string;
  readonly logDir: string;
  readonly log: Log;
  /** Gives the time of an operation; the machine's when absent. */
  readonly clock?: Clock;
  /** Whether this process may still write here (InstanceLock.held). */
  readonly mayWrite?: () => boolean;
}

/** Views below the state directory and `<log>/container-operations.log`. A view that cannot be written is a warning. */
export function publishedViews(options: PublishedViewsOptions): PublishedViews {
  return new FileViews(options);
}

class FileViews implements PublishedViews {
  readonly #options: PublishedViewsOptions;
  readonly #operations: AppendFile;
  /** Path -> hash of the text and identity of the file as we left it: what somebody changed is written again. */
  readonly #published = new Map<string, { readonly hash: string; readonly identity: string }>();
  #failing = false;

  constructor(options: PublishedViewsOptions) {
    this.#options = options;
    this.#operations = new AppendFile(join(options.logDir, "container-operations.log"), 0o644, options.log);
  }

  operation(operation: Operation): void {
    if (!this.#mayWrite()) return;
    const { user, container, gpuId, status, details } = operation;
    const timestamp = new Date((this.#options.clock ?? systemClock).now()).toISOString();
    const fields = [timestamp, operation.operation, user, container, gpuId, status, details];
    this.#operations.append(fields.map(escapeField).join("|"));
  }

  publish(path: string, text: string): void {
    const target = this.#locate(path);
    if (!this.#mayWrite()) return;
    const hash = sha256(text);
    const known = this.#published.get(path);
    if (known?.hash === hash && known.identity === identityOf(target)) return;
    this.#attempt(path, () => {
      if (known !== undefined || textOf(target) !== text) replaceView(target, text);
      this.#published.set(path, { hash, identity: identityOf(target) });
    });
  }

  published(directory: string): readonly string[] {
    try {
      return readdirSync(this.#locate(directory));
    } catch (error) {
      if (errorCode(error) !== "ENOENT") this.#options.log.warn({ err: error }, `cannot list ${directory}`);
      return [];
    }
  }

  withdraw(path: string): void {
    const target = this.#locate(path);
    if (!this.#mayWrite()) return;
    this.#published.delete(path);
    this.#attempt(path, () => rmSync(target, { force: true }));
  }

  #mayWrite(): boolean {
    return this.#options.mayWrite?.() ?? true;
  }

  #locate(path: string): string {
    const inside = normalize(path);
    if (inside.startsWith(sep) || inside.split(sep).includes("..") || path.includes("\0")) {
      throw new Error(`a view must stand below the state directory, found ${JSON.stringify(path)}`);
    }
    return join(this.#options.stateDir, inside);
  }

  #attempt(path: string, act: () => void): void {
    try {
      act();
      this.#failing = false;
    } catch (error) {
      this.#published.delete(path);
      if (!this.#failing)
        this.#options.log.warn({ err: error, path }, `cannot publish ${path}: ${messageOf(error)}`);
      this.#failing = true;
    }
  }
}

/**
 * A field holds no `|`, no line end and nothing that steers a terminal, so that splitting at `|` always gives
 * seven fields: such characters are written as `\xHH`, newline as `\n`, and a backslash as two.
 */
function escapeField(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\\|\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    if (character === "\\") return "\\\\";
    if (character === "\n") return "\\n";
    const code = character.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}

/** Not synced: a view is written again from truth after a crash. */
function replaceView(target: string, text: string): void {
  const unfinished = unfinishedName(target);
  try {
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    writeFileSync(unfinished, text, { mode: 0o644 });
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Missing or unreadable: it is written anew.
    return undefined;
  }
}
