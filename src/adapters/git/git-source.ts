import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../ports/log.ts";
import type { SourcePlace, SpecSink, SpecSource } from "../../ports/spec-source.ts";
import type { RevisionStatus } from "../../core/revision-status.ts";
import { faultDelayMs } from "../../util/backoff.ts";
import type { BranchChange, PushedBranch } from "../../ports/branch-writer.ts";
import { runProgram } from "../run-program.ts";
import { BranchPush } from "./branch-push.ts";
import { gitEnvironment } from "./git-environment.ts";
import { GitRepository } from "./git-repository.ts";
import type { GitSettings } from "./git-settings.ts";
import { GitSync } from "./git-sync.ts";
import type { SyncStep } from "./sync-step.ts";
import { HistoryCheck } from "./history-check.ts";
import { HistoryWatch } from "./history-watch.ts";
import { SignatureCheck } from "./signature-check.ts";
import { Worktrees } from "./worktrees.ts";

export interface GitSourceOptions extends GitSettings {
  /** Name of the source in records and messages. */
  readonly name: string;
  /** Of this source alone, in the state directory. */
  readonly directory: string;
  readonly log: Log;
  /** Told when a sync comes to a step; tests end the process there. */
  readonly onStep?: (step: SyncStep) => void;
}

/** First wait after a failure; doubles up to the interval. */
const retryMs = 5000;

/** The program that is told of a revision may take so long. */
const statusTimeoutMs = 30_000;

/** Specs from a Git repository: the last good revision stays in effect until a newer one is here in full. */
export function gitSource(options: GitSourceOptions): SpecSource {
  return new GitSource(options);
}

class GitSource implements SpecSource {
  readonly name: string;
  readonly place: SourcePlace;
  readonly tellStatus: SpecSource["tellStatus"];
  readonly pushBranches: SpecSource["pushBranches"];
  readonly #options: GitSourceOptions;
  readonly #worktrees: Worktrees;
  readonly #pushes: BranchPush;
  #history: HistoryWatch | undefined;
  /** Absent before and after `run`. */
  #sync: GitSync | undefined;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #stopped: AbortSignal = AbortSignal.abort();
  #failures = 0;
  #wake: () => void = () => undefined;
  /** Aborted while the source is suspended. */
  #suspended = new AbortController();

  constructor(options: GitSourceOptions) {
    this.name = options.name;
    this.place = options.place;
    this.#options = options;
    this.pushBranches = options.push?.branches;
    this.#worktrees = new Worktrees(options.directory);
    this.#pushes = new BranchPush({ ...options, worktrees: this.#worktrees });
    const { statusCommand: command } = options;
    if (command !== undefined) this.tellStatus = (status) => this.#runStatusCommand(command, status);
  }

  async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { directory, url, ref } = this.#options;
    // Where it cannot be made, the first sync fails and says why.
    await mkdir(directory, { recursive: true, mode: 0o755 }).catch(() => undefined);
    // What cannot be removed is in no later push's way.
    await this.#pushes.tidy().catch(() => undefined);
    const repository = async (): Promise<GitRepository> => {
      const environment = await gitEnvironment(join(directory, "git"), this.#options);
      return new GitRepository({ url, ref, directory: join(directory, "repository"), environment });
    };
    this.#stopped = signal;
    const signatures = new SignatureCheck({ ...this.#options, directory: join(directory, "signers") });
    const worktrees = this.#worktrees;
    const sync = new GitSync({ ...this.#options, repository, signatures, worktrees, sink });
    const check = new HistoryCheck({ ...this.#options, repository });
    const tellRewritten = sync.tellRewritten.bind(sync);
    this.#history = new HistoryWatch({ ...this.#options, check, tellRewritten });
    this.#sync = sync;
    await sync.start(signal);
    if (this.#suspended.signal.aborted) sync.tellSuspended();
    let isDue = true;
    while (!signal.aborted) {
      if (isDue) await this.sync();
      isDue = await this.#waited(signal);
    }
    await this.#running;
    await this.#history.end();
    await sync.settled;
    this.#sync = undefined;
  }

  /** False when somebody else has had it synced meanwhile. */
  async #waited(signal: AbortSignal): Promise<boolean> {
    const { intervalMs } = this.#options;
    const waitMs = this.#failures === 0 ? intervalMs : faultDelayMs(this.#failures, retryMs, intervalMs);
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    // Rejects at either abort; who asked for it is seen below.
    await sleep(waitMs, undefined, { signal: AbortSignal.any([signal, woken.signal]) }).catch(
      () => undefined,
    );
    this.#wake = () => undefined;
    return !woken.signal.aborted;
  }

  /** What a submodule or a link hides is not known to be gone; all else that a revision lacks is. */
  hasDirectory(path: string): boolean {
    return this.#sync?.isRefused(path) !== true;
  }

  /** Nothing but a sync changes what is in effect. */
  async rescan(): Promise<void> {
    await this.#running;
  }

  async sync(): Promise<void> {
    // One that is under way may have asked the server before what the caller means was there.
    this.#next ??= this.#running.then(async () => {
      this.#next = undefined;
      this.#running = this.#attempt();
      await this.#running;
    });
    await this.#next;
  }

  async push(change: BranchChange): Promise<PushedBranch> {
    return this.#pushes.push(change, this.#stopped);
  }

  async setSuspended(suspended: boolean): Promise<void> {
    if (suspended === this.#suspended.signal.aborted) return;
    if (suspended) {
      this.#suspended.abort();
      await this.#running;
      await this.#sync?.settled;
      return;
    }
    this.#suspended = new AbortController();
    // How it ends is reported; whoever resumes need not wait for a server.
    void this.sync();
  }

  async #runStatusCommand(command: readonly string[], status: RevisionStatus): Promise<void> {
    const { source, revision, state, reason } = status;
    await runProgram({
      command,
      input: `${JSON.stringify(status)}\n`,
      environment: {
        DS01_SOURCE: source,
        DS01_REVISION: revision,
        DS01_STATE: state,
        DS01_REASON: reason,
      },
      timeoutMs: statusTimeoutMs,
      signal: this.#stopped,
    });
  }

  async #attempt(): Promise<void> {
    const ended = AbortSignal.any([this.#stopped, this.#suspended.signal]);
    await this.#history?.end();
    const before = this.#sync?.applied ?? null;
    const succeeded = (await this.#sync?.attempt(ended)) ?? true;
    this.#failures = succeeded ? 0 : this.#failures + 1;
    // The wait that is under way was reckoned from the attempt before.
    this.#wake();
    this.#history?.begin(before, this.#sync?.applied ?? null, ended);
  }
}
