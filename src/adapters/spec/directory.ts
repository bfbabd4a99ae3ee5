import { lstatSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../ports/log.ts";
import type { SourcePlace, SpecSink, SpecSource } from "../../ports/spec-source.ts";
import { messageOf } from "../../util/errors.ts";
import { watchHints } from "./hints.ts";
import type { OwnershipRules } from "./ownership.ts";
import { ToldFiles } from "./told-files.ts";
import { isGone, rootIdentity, scanTree, unavailableMessage } from "./tree-scan.ts";
import type { TreeScan } from "./tree-scan.ts";

export interface DirectorySourceOptions extends OwnershipRules {
  /** Name of the source in records and messages. */
  readonly name: string;
  /** The specs root: holds `users/`, `quotas/` and `reservations/`. */
  readonly root: string;
  readonly log: Log;
  /** Time between full scans, which find what the watcher missed. */
  readonly intervalMs?: number;
  /** False: full scans only, for file systems without change notification. */
  readonly watch?: boolean;
}

/** While the tree is missing it is looked for this often. */
const missingPollMs = 1000;
/** A watcher that could not be set up is tried again after this time. */
const watchRetryMs = 600_000;
/** Scans after a directory came: at once, and when the watcher surely has it, for files made in between. */
const directoryScansMs = [10, 300] as const;

/** Specs as files below a directory of this host. */
export function directorySource(options: DirectorySourceOptions): SpecSource {
  return new DirectorySource(options);
}

class DirectorySource implements SpecSource {
  readonly name: string;
  readonly place: SourcePlace;
  readonly #options: DirectorySourceOptions;
  /** Absent before and after `run`. */
  #session: Session | undefined;

  constructor(options: DirectorySourceOptions) {
    this.name = options.name;
    this.place = { type: "directory", url: options.root };
    this.#options = options;
  }

  async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const session = new Session(this.#options, sink);
    this.#session = session;
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      await Promise.race([session.rescan(), aborted]);
      // Rejects at the abort, which the loop's condition sees.
      await sleep(session.waitMs(), undefined, { signal }).catch(() => undefined);
    }
    this.#session = undefined;
    await session.end();
  }

  hasDirectory(path: string): boolean {
    return statSync(join(this.#options.root, path), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  async rescan(): Promise<void> {
    await this.#session?.rescan();
  }
}

/** One run: from the first full delivery until the end. */
class Session {
  readonly #options: DirectorySourceOptions;
  readonly #sink: SpecSink;
  readonly #told: ToldFiles;
  readonly #timers = new Set<NodeJS.Timeout>();
  #ended = false;
  #realRoot: string;
  #refusedDirectories: ReadonlySet<string> = new Set();
  #unavailable: string | undefined;
  #scanning: Promise<void> = Promise.resolve();
  #nextScan: Promise<void> | undefined;
  #watching: { readonly identity: string; readonly end: () => Promise<void> } | undefined;
  #watchAgainAt = 0;

  constructor(options: DirectorySourceOptions, sink: SpecSink) {
    this.#options = options;
    this.#realRoot = options.root;
    this.#sink = unlessEnded(sink, () => this.#ended);
    this.#told = new ToldFiles({
      ...options,
      sink: this.#sink,
      realRoot: () => this.#realRoot,
      onAbsent: (path) => {
        if (isGone(options.root, path)) this.#told.remove(path);
        else this.#scanAfter(directoryScansMs[0]);
      },
    });
  }

  /** Time until the next scan that nobody asked for. */
  waitMs(): number {
    const { intervalMs = 20_000 } = this.#options;
    return this.#unavailable === undefined ? intervalMs : Math.min(intervalMs, missingPollMs);
  }

  async rescan(): Promise<void> {
    // A scan under way may have passed what the caller means: wait for one that begins now or later.
    this.#nextScan ??= this.#scanning.then(async () => {
      this.#nextScan = undefined;
      this.#scanning = this.#scan();
      await this.#scanning;
    });
    await this.#nextScan;
  }

  async end(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#endWatching();
  }

  async #scan(): Promise<void> {
    if (this.#ended) return;
    try {
      const scan = await scanTree(this.#options.root);
      this.#realRoot = scan.realRoot;
      await this.#deliver(scan);
      if (rootIdentity(this.#options.root) !== scan.identity)
        throw new Error("it was replaced while it was read");
      if (scan.unreadable.size > 0) {
        this.#tellUnavailable([...scan.unreadable.values()].map(({ message }) => message).join("; "));
      } else this.#tellSynced(scan.files.size + scan.linkedDirectories.size);
      // After the delivery, which is what a start waits for; the scan at its readiness sees what came meanwhile.
      this.#watchTree(scan.identity);
    } catch (error) {
      await this.#endWatching();
      this.#tellUnavailable(unavailableMessage(this.#options.root, error));
    }
  }

  async #deliver(scan: TreeScan): Promise<void> {
    const checks: Promise<void>[] = [];
    let current = 0;
    for (const [path, signature] of scan.files) {
      if (this.#told.isCurrent(path, signature)) {
        current += 1;
        continue;
      }
      checks.push(this.#told.check(path));
      if (checks.length % 32 === 0) await nextTurn();
    }
    await Promise.all(checks);
    this.#refuseDirectories(scan);
    // The usual case: all that was told of is there.
    if (current < this.#told.size) await this.#removeMissing(scan);
  }

  /** Directories are told of like files while they cannot be entered, and taken back when they can. */
  #refuseDirectories(scan: TreeScan): void {
    const refused = new Map([...scan.unreadable, ...scan.linkedDirectories]);
    for (const path of this.#refusedDirectories) if (!refused.has(path)) this.#told.remove(path);
    this.#refusedDirectories = new Set(refused.keys());
    for (const [path, refusal] of refused) this.#told.refuse(path, refusal);
  }

  async #removeMissing(scan: TreeScan): Promise<void> {
    const missing = this.#told
      .paths()
      .filter(
        (path) =>
          !scan.files.has(path) && !this.#refusedDirectories.has(path) && !isBelow(path, scan.unreadable),
      );
    // The walk has read every directory that is left, and these still are the directories that it read.
    if (missing.length === 0 || rootIdentity(this.#options.root) !== scan.identity) return;
    for (const path of missing) {
      if (lstatSync(join(scan.realRoot, path), { throwIfNoEntry: false }) === undefined)
        this.#told.remove(path);
      else await this.#told.check(path);
    }
  }

  #tellSynced(files: number): void {
    if (this.#unavailable !== undefined) {
      this.#options.log.info({ source: this.#options.name }, `${this.#options.root} can be read again`);
      this.#unavailable = undefined;
    }
    this.#sink.synced(files);
  }

  #tellUnavailable(message: string): void {
    if (this.#ended || this.#unavailable === message) return;
    this.#unavailable = message;
    this.#options.log.warn({ source: this.#options.name, reason: "SourceUnavailable" }, message);
    this.#sink.unavailable(message);
  }

  #scanAfter(...delaysMs: readonly number[]): void {
    if (this.#ended) return;
    for (const ms of delaysMs) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        void this.rescan();
      }, ms);
      this.#timers.add(timer);
    }
  }

  /** Sets up the watcher for the directories that stand there now; scans once more when it is ready. */
  #watchTree(identity: string): void {
    if (this.#options.watch === false || this.#ended || this.#watching?.identity === identity) return;
    if (performance.now() < this.#watchAgainAt) return;
    void this.#endWatching();
    const root = realpathSync(this.#options.root);
    const isCurrent = (): boolean => this.#watching?.end === end;
    const end = watchHints(root, {
      onFile: (path, happened) => void this.#told.hint(path, happened),
      onDirectory: () => this.#scanAfter(...directoryScansMs),
      onTreeMoved: () => {
        if (!isCurrent()) return;
        void this.#endWatching();
        this.#scanAfter(...directoryScansMs);
      },
      onReady: () => void this.rescan(),
      onFailure: (error) => {
        if (!isCurrent()) return;
        const message = `changes below ${root} are noticed by scans only: ${messageOf(error)}`;
        this.#options.log.warn({ source: this.#options.name, reason: "WatchFailed", err: error }, message);
        this.#watchAgainAt = performance.now() + watchRetryMs;
        void this.#endWatching();
      },
    });
    this.#watching = { identity, end };
  }

  async #endWatching(): Promise<void> {
    const watching = this.#watching;
    this.#watching = undefined;
    await watching?.end().catch((error: unknown) => {
      this.#options.log.debug({ err: error }, "the watcher of the specs did not end cleanly");
    });
  }
}

function isBelow(path: string, directories: ReadonlyMap<string, unknown>): boolean {
  return [...directories.keys()].some((directory) => path.startsWith(`${directory}/`));
}

/** A sink that is told nothing more after the end of its run. */
function unlessEnded(sink: SpecSink, ended: () => boolean): SpecSink {
  return {
    upsert: (document) => void (ended() || sink.upsert(document)),
    refuse: (file) => void (ended() || sink.refuse(file)),
    remove: (path) => void (ended() || sink.remove(path)),
    publish: (changes) => void (ended() || sink.publish(changes)),
    report: (report) => void (ended() || sink.report(report)),
    synced: (files) => void (ended() || sink.synced(files)),
    unavailable: (message) => void (ended() || sink.unavailable(message)),
  };
}
