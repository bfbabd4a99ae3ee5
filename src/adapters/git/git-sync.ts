import type { Log } from "../../ports/log.ts";
import type { SourceChanges, SpecSink, SyncReport } from "../../ports/spec-source.ts";
import { Ds01Error, messageOf } from "../../util/errors.ts";
import { formatAge } from "../../util/duration.ts";
import { endingAfter } from "../ending-after.ts";
import { errorCode } from "../error-code.ts";
import { diskFull, GitFailure } from "./git-failure.ts";
import { DamagedClone, type GitRepository } from "./git-repository.ts";
import type { GitSettings } from "./git-settings.ts";
import { refuseInvalid } from "./revision-problems.ts";
import { changesBetween, DamagedWorktree } from "./revision-texts.ts";
import type { SignatureCheck, Signed } from "./signature-check.ts";
import { isOrderOf, orderAfter } from "./signed-order.ts";
import { NextWorktree } from "./next-worktree.ts";
import type { Succession } from "./history-check.ts";
import { fillingOf } from "./revision-files.ts";
import { revisionOf, type Revision } from "./revision.ts";
import type { SyncStep } from "./sync-step.ts";
import type { Fill, Worktrees } from "./worktrees.ts";

type Filling = (signal: AbortSignal) => Fill;

export interface GitSyncOptions extends GitSettings {
  readonly name: string;
  /** The copy; made anew for each attempt, as its files may have been lost. */
  readonly repository: () => Promise<GitRepository>;
  readonly signatures: SignatureCheck;
  readonly worktrees: Worktrees;
  readonly sink: SpecSink;
  readonly log: Log;
  readonly onStep?: (step: SyncStep) => void;
}

/** Takes revisions from a repository into effect, one attempt at a time. */
export class GitSync {
  readonly #options: GitSyncOptions;
  /** What the sink was told. */
  #told: Revision | null = null;
  #lastFailure = "";
  readonly #next: NextWorktree;

  constructor(options: GitSyncOptions) {
    this.#options = options;
    this.#next = new NextWorktree(options);
  }

  /** Says what is in effect where no attempt does, for nobody may look for anything newer. */
  tellSuspended(): void {
    const { sink } = this.#options;
    const told = this.#told;
    if (told === null) return sink.unavailable("it is suspended, and nothing of it is in effect");
    const { commit, appliedAt, signer } = told;
    const signed = signer === undefined ? {} : { signer };
    sink.report({
      attemptedAt: null,
      revision: null,
      appliedRevision: commit,
      appliedAt,
      ...signed,
      failure: null,
    });
  }

  /** The commit in effect; null: none. */
  get applied(): string | null {
    return this.#told?.commit ?? null;
  }

  /** Resolves when nothing is written beside attempts any more. */
  get settled(): Promise<void> {
    return this.#next.settled;
  }

  /** Says that what is in effect does not go on from what was, unless something else is by now. */
  tellRewritten({ older: before, newer }: Succession): void {
    const { log, name } = this.#options;
    if (this.applied !== newer) return;
    log.warn({ source: name, reason: "HistoryRewritten", revision: newer, before }, "history was rewritten");
    this.#tellSuccess(newer, { rewrittenFrom: before });
  }

  /** Whether what stands there, or in the place of a directory above, is not taken. */
  isRefused(path: string): boolean {
    return this.#told?.refused.some((file) => `${path}/`.startsWith(`${file.path}/`)) === true;
  }

  /** Delivers what was in effect before, so that a server that is away is in nobody's way. */
  async start(signal: AbortSignal): Promise<void> {
    const { worktrees, path } = this.#options;
    try {
      const current = await worktrees.current();
      await worktrees.tidy(current === null ? [] : [current]);
      // Of another directory of the repository: nobody has asked for these.
      if (current?.path !== path || signal.aborted) return;
      this.#deliver(current, await this.#changesTo(current));
    } catch (error) {
      if (!(error instanceof DamagedWorktree)) return this.#tellFailure(error, null);
      this.#options.log.warn({ source: this.#options.name, reason: error.reason }, error.message);
      await this.#restore(signal);
    }
  }

  /** Looks for a newer revision and takes it into effect; false when that failed, which is reported. */
  async attempt(stopped: AbortSignal): Promise<boolean> {
    if (stopped.aborted) return true;
    const { signal, isTimeUp, stop } = endingAfter(this.#options.timeoutMs, stopped);
    const found: { commit: string | null; filling: Filling | null } = { commit: null, filling: null };
    try {
      await this.#withGoodClone(signal, async (repository) => {
        found.commit = await this.#commitToTake(repository, signal);
        this.#step("fetched");
        found.filling = await this.#take(found.commit, repository, signal);
      });
      this.#tellSuccess(found.commit);
      if (found.filling !== null) this.#next.begin(found.filling, stopped);
      return true;
    } catch (error) {
      if (stopped.aborted) {
        // Ended while it tidied up: what it was to do is done.
        if (found.commit !== null && this.#told?.commit === found.commit) this.#tellSuccess(found.commit);
        return true;
      }
      this.#tellFailure(isTimeUp() ? this.#tooSlow() : error, found.commit);
      return false;
    } finally {
      stop();
    }
  }

  /** A commit that is named by its id and in effect never changes: nobody has to be asked. */
  async #commitToTake(repository: GitRepository, signal: AbortSignal): Promise<string> {
    const { ref } = this.#options;
    return this.#isSettled(ref) ? ref : repository.fetch(signal);
  }

  /** A damaged copy is made anew, once. */
  async #withGoodClone(
    signal: AbortSignal,
    work: (repository: GitRepository) => Promise<void>,
  ): Promise<void> {
    const { log, name, repository } = this.#options;
    const clone = await repository();
    try {
      await work(clone);
    } catch (error) {
      if (!(error instanceof DamagedClone) || signal.aborted) throw error;
      log.warn({ source: name, reason: error.reason }, `${error.message}; it is fetched anew`);
      await this.#next.settled;
      await clone.discard();
      await work(clone);
    }
  }

  /** Resolves to what writes the files once more, for the next revision; null where nothing has come into effect. */
  async #take(commit: string, repository: GitRepository, signal: AbortSignal): Promise<Filling | null> {
    const { worktrees, path, onInvalid, signatures } = this.#options;
    if (this.#isSettled(commit)) return null;
    const signed = this.#inOrder(commit, await signatures.check(repository, signal));
    const told = this.#told;
    // It came into effect before signatures were asked for, or under another name.
    if (told?.commit === commit) return this.#confirm({ ...told, ...signed });
    await this.#next.settled;
    const before = (await worktrees.current()) ?? null;
    const entries = await repository.entries(commit, path, signal);
    const settings = { ...this.#options, before, appliedAt: Date.now() };
    const revision = { ...revisionOf(commit, entries, settings), ...signed };
    this.#step("listed");
    const fillUntil: Filling = (ended) => fillingOf(revision, entries, { repository, signal: ended });
    await worktrees.add(revision, fillUntil(signal));
    this.#step("checkedOut");
    const changes = await this.#changesTo(revision);
    if (onInvalid === "revision") refuseInvalid(changes);
    this.#step("validated");
    signal.throwIfAborted();
    await worktrees.publish(revision);
    this.#step("published");
    this.#deliver(revision, changes);
    this.#step("delivered");
    await worktrees.tidy([revision, ...(before === null ? [] : [before])]);
    await repository.collectGarbage(signal);
    return fillUntil;
  }

  /** What is kept of a signature, where it is no older than that of what is in effect. */
  #inOrder(commit: string, found: Signed | undefined): Pick<Revision, "signer" | "order"> {
    if (found === undefined) return {};
    const { signer, signedAt } = found;
    const order = orderAfter(this.#told?.order, { ...this.#followed, commit, signedAt, now: Date.now() });
    return { signer, order };
  }

  /** Whether a commit is in effect; where a signature is asked for, with a good one, in the order of what is followed. */
  #isSettled(commit: string): boolean {
    const told = this.#told;
    if (told?.commit !== commit || this.#options.verify === undefined) return told?.commit === commit;
    return told.signer !== undefined && isOrderOf(told.order, this.#followed);
  }

  get #followed(): { readonly url: string; readonly ref: string } {
    const { place, ref } = this.#options;
    return { url: place.url, ref };
  }

  async #confirm(revision: Revision): Promise<null> {
    await this.#options.worktrees.publish(revision);
    this.#told = revision;
    return null;
  }

  /** What was in effect is written anew from the copy; where that is lost as well, the server has to be asked. */
  async #restore(signal: AbortSignal): Promise<void> {
    const { worktrees, repository, path } = this.#options;
    try {
      const current = await worktrees.current();
      if (current === null) return;
      const clone = await repository();
      const entries = await clone.entries(current.commit, path, signal);
      await worktrees.addAnew(current, fillingOf(current, entries, { repository: clone, signal }));
      this.#deliver(current, await this.#changesTo(current));
    } catch (error) {
      this.#tellFailure(error, null);
    }
  }

  async #changesTo(revision: Revision): Promise<SourceChanges> {
    return await changesBetween(this.#told, revision, this.#rootOf(revision));
  }

  #deliver(revision: Revision, changes: SourceChanges): void {
    const { sink } = this.#options;
    this.#told = revision;
    sink.publish(changes);
    sink.synced(revision.files.length + revision.refused.length);
  }

  #rootOf(revision: Revision): string {
    const worktree = this.#options.worktrees.pathOf(revision);
    return revision.path === "" ? worktree : `${worktree}/${revision.path}`;
  }

  #tellSuccess(commit: string | null, more: Pick<SyncReport, "rewrittenFrom"> = {}): void {
    const { sink, log, name } = this.#options;
    if (this.#lastFailure !== "") log.info({ source: name }, "the repository can be synced again");
    this.#lastFailure = "";
    const { appliedAt = null, signer } = this.#told ?? {};
    sink.report({
      attemptedAt: Date.now(),
      revision: commit,
      appliedRevision: commit,
      appliedAt,
      ...(signer === undefined ? {} : { signer }),
      ...more,
      failure: null,
    });
  }

  #tellFailure(error: unknown, commit: string | null): void {
    const { sink, log, name } = this.#options;
    const failure = knownFailure(error);
    const { reason } = failure;
    const message = failure.remedy === undefined ? failure.message : `${failure.message}: ${failure.remedy}`;
    if (this.#lastFailure !== message) {
      const fault = failure === error ? {} : { err: error };
      log.warn({ source: name, reason, ...fault }, message);
    }
    this.#lastFailure = message;
    const told = this.#told;
    sink.report({
      attemptedAt: Date.now(),
      revision: commit,
      appliedRevision: told?.commit ?? null,
      appliedAt: told?.appliedAt ?? null,
      ...(told?.signer === undefined ? {} : { signer: told.signer }),
      failure: { reason, message },
    });
    if (told === null) sink.unavailable(message);
  }

  #tooSlow(): GitFailure {
    return new GitFailure({
      reason: "SyncTimeout",
      message: `the sync was not done within ${formatAge(this.#options.timeoutMs)}`,
      remedy: "look at the server and the network, or raise sources[].git.timeout",
    });
  }

  #step(step: SyncStep): void {
    this.#options.onStep?.(step);
  }
}

function knownFailure(error: unknown): Ds01Error {
  if (error instanceof Ds01Error) return error;
  if (["ENOSPC", "EDQUOT"].includes(errorCode(error))) return new GitFailure(diskFull);
  return new GitFailure({ reason: "SyncFailed", message: messageOf(error), cause: error });
}
