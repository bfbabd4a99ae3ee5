import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { BranchChange, PushedBranch } from "../../ports/branch-writer.ts";
import { ConflictError, DeniedError } from "../../util/errors.ts";
import { mustBeBranchName } from "../../core/push-rules.ts";
import { DraftRepository, type DraftFile, type ServerBranches } from "./draft-repository.ts";
import { failureFrom } from "./git-failure.ts";
import type { GitSettings } from "./git-settings.ts";
import { localPathOf, mustBeTrusted } from "./local-repository.ts";
import { BranchBusy, deniedPush, rejectedPush } from "./push-failure.ts";
import { compareLink, remoteLines, verdictIn } from "./push-output.ts";
import { PushTurns } from "./push-turns.ts";
import type { Worktrees } from "./worktrees.ts";

/** How often a change is made anew because others have pushed to its branch meanwhile. */
const mostAttempts = 5;

export interface BranchPushOptions extends GitSettings {
  /** Of the source; what is under way stands in `pushes` below it. */
  readonly directory: string;
  readonly worktrees: Worktrees;
}

/** What is known before a commit is made. */
interface Ground {
  readonly repository: DraftRepository;
  readonly change: BranchChange;
  readonly server: ServerBranches;
  readonly parent: string;
  /** The file in the repository, from its root. */
  readonly path: string;
}

/** Pushes changes to branches of a source's repository, one at a time, beside the sync and without touching its copy. */
export class BranchPush {
  readonly #options: BranchPushOptions;
  readonly #turns: PushTurns;

  constructor(options: BranchPushOptions) {
    this.#options = options;
    this.#turns = new PushTurns(options.timeoutMs);
  }

  /** Removes what pushes have left that were cut off; only before the first one. */
  async tidy(): Promise<void> {
    await rm(this.#pushes, { recursive: true, force: true });
  }

  /** Rejects with ConflictError, DeniedError or UnreachableError, and with what `edit` rejects with. */
  async push(change: BranchChange, stopped: AbortSignal): Promise<PushedBranch> {
    mustBeBranchName(change.branch);
    return this.#turns.take((signal) => this.#pushIn(change, signal), stopped);
  }

  get #pushes(): string {
    return join(this.#options.directory, "pushes");
  }

  async #pushIn(change: BranchChange, signal: AbortSignal): Promise<PushedBranch> {
    const local = localPathOf(this.#options.url);
    if (local !== null) await mustBeTrusted(local);
    await mkdir(this.#pushes, { recursive: true, mode: 0o700 });
    const directory = await mkdtemp(join(this.#pushes, "push-"));
    try {
      const repository = new DraftRepository(this.#options, directory, signal);
      await repository.prepare();
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#attempt(repository, change);
        } catch (error) {
          if (!(error instanceof BranchBusy) || attempt >= mostAttempts) throw error;
        }
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #attempt(repository: DraftRepository, change: BranchChange): Promise<PushedBranch> {
    const { directory, worktrees, path: folder } = this.#options;
    const server = await repository.serverBranches(change.branch);
    this.#refuseFollowed(change.branch, server);
    const base = (await worktrees.current())?.commit;
    if (base === undefined) throw nothingInEffect();
    await repository.fetchCommit(base, join(directory, "repository"));
    const isOwn = server.tip === null || server.tip === base;
    const parent = isOwn ? base : await repository.parentFor(base, change.branch);
    const path = folder === "" ? change.path : `${folder}/${change.path}`;
    return this.#change({ repository, change, server, parent, path });
  }

  async #change({ repository, change, server, parent, path }: Ground): Promise<PushedBranch> {
    const { branch, by, message, dryRun, edit } = change;
    const before = await repository.file(parent, path);
    const after = await edit(before?.text);
    const changed = after !== (before?.text ?? null);
    if (!changed || dryRun) return { commit: parent, changed, path, remote: [], link: null };
    const { push } = this.#options;
    const domain = push?.emailDomain ?? hostname();
    const file: DraftFile | null = after === null ? null : { mode: before?.mode ?? "100644", text: after };
    const commit = await repository.commit({ parent, path, file }, `${message}\n`, {
      name: by,
      email: `${by}@${domain}`,
      committerEmail: `ds01@${domain}`,
    });
    const { stdout, stderr, code } = await repository.push(commit, branch);
    const remote = remoteLines(stderr);
    const verdict = verdictIn(stdout);
    if (verdict?.flag === "!") throw rejectedPush(branch, verdict.said, remote);
    if (code !== 0) throw deniedPush(stderr) ?? failureFrom("git push", stderr);
    return { commit, changed, path, remote, link: this.#link(branch, server, remote) };
  }

  #link(branch: string, { head }: ServerBranches, remote: readonly string[]): string | null {
    if (remote.some((line) => /https?:\/\//.test(line))) return null;
    return compareLink(this.#options.url, this.#followedBranch ?? head, branch);
  }

  /** The branch that is followed by its name. */
  get #followedBranch(): string | null {
    return /^refs\/heads\/(.+)$/.exec(this.#options.ref)?.[1] ?? null;
  }

  /** What is followed comes from reviews alone, and so does what the server shows first to everybody. */
  #refuseFollowed(branch: string, { head, tip }: ServerBranches): void {
    const isUnknown = this.#options.ref === "HEAD" && head === null && tip !== null;
    if (branch !== this.#followedBranch && branch !== head && !isUnknown) return;
    throw new DeniedError({
      reason: "BranchFollowed",
      message: isUnknown
        ? `the server does not say which branch is followed; it may be ${branch}`
        : `${branch} is what is followed, or the server's default branch: what comes into effect is reviewed`,
      remedy: "take another branch, and have it merged",
    });
  }
}

function nothingInEffect(): ConflictError {
  return new ConflictError({
    reason: "NothingInEffect",
    message: "no revision of the source is in effect, so there is nothing to go on from",
    remedy: "see why: ds01 get sources",
  });
}
