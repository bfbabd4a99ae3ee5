import { randomUUID } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import lockfile from "proper-lockfile";
import type { InstanceLock } from "../../ports/lock.ts";
import type { Log } from "../../ports/log.ts";
import { Ds01Error } from "../../util/errors.ts";
import { errorCode } from "../error-code.ts";
import { removeLockLeftovers } from "./lock-leftovers.ts";
import { fateOf, ownMark } from "./process-mark.ts";
import type { ProcessMark } from "./process-mark.ts";
import { StateNotWritable } from "./state-errors.ts";

/** Another live process holds the state directory; the process ends with `exitCode` 75 (EX_TEMPFAIL). */
export class AnotherController extends Ds01Error {
  readonly exitCode = 75;
  readonly pid: number;

  constructor(stateDir: string, pid: number) {
    super({
      reason: "AnotherController",
      message: `another controller (pid ${pid}) holds ${stateDir}`,
      remedy: `end it first (kill ${pid}), or give this one another directory with --state-dir`,
    });
    this.pid = pid;
  }
}

export interface InstanceLockOptions {
  readonly stateDir: string;
  readonly log: Log;
  /** A live holder that gave no sign for this long (stopped, its machine paused) may be taken over; at least 2000. */
  readonly staleMs?: number;
  /** How long to wait for a holder that is just ending (SIGKILL takes a moment). */
  readonly endingMs?: number;
}

/** Content of `<state>/instance/<epoch>.json`. */
interface Holder extends ProcessMark {
  readonly released: boolean;
}

const pollMs = 1000;

/**
 * Takes the right to act on the state directory, at once from a dead holder; AnotherController when a live one
 * has it.
 *
 * Each holder is an epoch: `<epoch>.json` says which process it is, and only the file with the highest number
 * counts. The next epoch is created by link(2), so that of two starters exactly one gets it. The file is never
 * removed by its holder (released ones say so), so numbers do not come back. Beside it a proper-lockfile lock
 * of its own, `<epoch>.lock`, is the holder's sign of life: its mtime moves as long as the process runs.
 */
export async function acquireInstanceLock(options: InstanceLockOptions): Promise<InstanceLock> {
  const directory = join(options.stateDir, "instance");
  const staleMs = options.staleMs ?? 10_000;
  const giveUpAt = performance.now() + (options.endingMs ?? 300);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (;;) {
      const newest = newestEpoch(directory);
      const holder = readHolder(directory, newest);
      if (holder !== undefined && !isFree(directory, newest, holder, staleMs)) {
        if (performance.now() >= giveUpAt) throw new AnotherController(options.stateDir, holder.pid);
        await sleep(20);
        continue;
      }
      if (!createEpoch(directory, newest + 1)) continue;
      if (holder !== undefined && !holder.released) {
        options.log.info(
          { pid: holder.pid },
          `took over from a controller that has ended (pid ${holder.pid})`,
        );
      }
      return await EpochLock.begin({ directory, epoch: newest + 1, staleMs, log: options.log });
    }
  } catch (error) {
    if (error instanceof Ds01Error || errorCode(error) === "") throw error;
    throw new StateNotWritable(directory, error);
  }
}

interface EpochLockOptions {
  readonly directory: string;
  readonly epoch: number;
  readonly staleMs: number;
  readonly log: Log;
}

class EpochLock implements InstanceLock {
  readonly #options: EpochLockOptions;
  readonly #own: string;
  /** Inode and time of writing of our file: another file of the same name has others. */
  readonly #identity: string;
  readonly #next: string;
  readonly #callbacks = new Set<() => void>();
  readonly #poll: NodeJS.Timeout;
  #state: "held" | "lost" | "released" = "held";
  #release: (() => Promise<void>) | undefined;

  private constructor(options: EpochLockOptions) {
    this.#options = options;
    this.#own = epochPath(options.directory, options.epoch);
    this.#identity = identityOf(this.#own);
    this.#next = epochPath(options.directory, options.epoch + 1);
    this.#poll = setInterval(() => this.held(), pollMs);
    this.#poll.unref();
  }

  static async begin(options: EpochLockOptions): Promise<EpochLock> {
    const lock = new EpochLock(options);
    await lock.#heartbeat();
    removeOlder(options.directory, options.epoch);
    removeLockLeftovers(options.directory, options.epoch);
    return lock;
  }

  /** Two stat calls: a successor makes the next epoch before it does anything, and only then removes ours. */
  held(): boolean {
    if (this.#state !== "held") return false;
    if (identityOf(this.#own) !== this.#identity) this.#lose();
    else if (statSync(this.#next, { throwIfNoEntry: false }) !== undefined) this.#lose();
    return this.#state === "held";
  }

  onLost(callback: () => void): void {
    this.#callbacks.add(callback);
  }

  async release(): Promise<void> {
    const held = this.held();
    clearInterval(this.#poll);
    if (held) {
      this.#state = "released";
      this.#writeReleased();
    }
    await this.#endHeartbeat();
  }

  /** A courtesy: without it the next start recognises that this process is dead. */
  #writeReleased(): void {
    const done = `${this.#own}.released`;
    try {
      writeFileSync(done, renderHolder({ ...ownMark(), released: true }), { mode: 0o600 });
      renameSync(done, this.#own);
    } catch (error) {
      this.#options.log.warn({ err: error }, "the release of the state directory could not be written");
    }
  }

  async #heartbeat(): Promise<void> {
    const { directory, epoch, staleMs } = this.#options;
    this.#release = await lockfile.lock(this.#own, {
      lockfilePath: heartbeatPath(directory, epoch),
      realpath: false,
      stale: staleMs,
      update: staleMs / 4,
      onCompromised: (error) => {
        this.#release = undefined;
        if (!this.held()) return;
        // Somebody removed the sign of life but nobody took over: give it again.
        this.#options.log.warn({ err: error }, "the lock of the state directory was disturbed; renewing it");
        void this.#renew();
      },
    });
  }

  /**
   * Tries until it works: on a full or read-only disk no sign of life can be given, and yet nobody has taken over
   * as long as there is no later epoch.
   */
  async #renew(): Promise<void> {
    for (let failures = 0; this.held(); failures += 1) {
      try {
        return await this.#heartbeat();
      } catch (error) {
        if (failures === 0)
          this.#options.log.error({ err: error }, "the lock of the state directory cannot be renewed yet");
      }
      await sleep(this.#options.staleMs / 4, undefined, { ref: false });
    }
  }

  async #endHeartbeat(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.().catch((error: unknown) => {
      this.#options.log.debug({ err: error }, "the sign of life was gone already");
    });
  }

  #lose(): void {
    if (this.#state !== "held") return;
    this.#state = "lost";
    clearInterval(this.#poll);
    void this.#endHeartbeat();
    for (const callback of this.#callbacks) callback();
  }
}

function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.ino} ${stats.mtimeMs}`;
}

function epochPath(directory: string, epoch: number): string {
  return join(directory, `${epoch}.json`);
}

function heartbeatPath(directory: string, epoch: number): string {
  return join(directory, `${epoch}.lock`);
}

/** The highest epoch that anybody ever took here; 0 when there is none. */
function newestEpoch(directory: string): number {
  return Math.max(0, ...epochs(directory));
}

function epochs(directory: string): number[] {
  return readdirSync(directory)
    .map((name) => /^(\d+)\.json$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number);
}

function readHolder(directory: string, epoch: number): Holder | undefined {
  if (epoch === 0) return undefined;
  try {
    return JSON.parse(readFileSync(epochPath(directory, epoch), "utf8")) as Holder;
  } catch {
    // Removed by a later epoch meanwhile, or damaged (it is only ever linked complete): then it holds nothing.
    return undefined;
  }
}

/** Whether nobody can be acting under this epoch any more, or its holder has been silent for too long. */
function isFree(directory: string, epoch: number, holder: Holder, staleMs: number): boolean {
  if (holder.released) return true;
  if (fateOf(holder) === "dead") return true;
  const signs = [epochPath(directory, epoch), heartbeatPath(directory, epoch)].map(
    (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Date.now() - Math.max(...signs) > staleMs;
}

/** True when this process made the epoch and it is the newest. */
function createEpoch(directory: string, epoch: number): boolean {
  const unlinked = join(directory, `.${randomUUID()}.new`);
  writeFileSync(unlinked, renderHolder({ ...ownMark(), released: false }), { mode: 0o600, flush: true });
  try {
    linkSync(unlinked, epochPath(directory, epoch));
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(unlinked, { force: true });
  }
  if (newestEpoch(directory) === epoch) return true;
  // We looked long ago: later epochs have come, and ours was removed as old before we made it again.
  rmSync(epochPath(directory, epoch), { force: true });
  return false;
}

/** Lowest first, so that a holder never sees its own file beside a gap where its successor was. */
function removeOlder(directory: string, epoch: number): void {
  for (const old of epochs(directory).sort((a, b) => a - b)) {
    if (old >= epoch) continue;
    rmSync(epochPath(directory, old), { force: true });
    rmSync(heartbeatPath(directory, old), { force: true, recursive: true });
  }
}

function renderHolder(holder: Holder): string {
  return `${JSON.stringify(holder)}\n`;
}
