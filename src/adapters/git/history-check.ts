import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { endingAfter } from "../ending-after.ts";
import { DraftRepository } from "./draft-repository.ts";
import type { GitRepository } from "./git-repository.ts";
import type { GitSettings } from "./git-settings.ts";

/** The check is an extra: a server that hangs does not keep the next look waiting for longer. */
const longestMs = 30_000;

/** Clocks of those who commit may differ by so much, in seconds. */
const toleranceSeconds = 86_400;

/** So much of the past is asked for, in commits: what most pushes need, and at last what nearly all do. */
const depths = [50, 2000] as const;

/** The revision that was in effect, and the one that has taken its place. */
export interface Succession {
  readonly older: string;
  readonly newer: string;
}

export interface HistoryCheckOptions extends GitSettings {
  /** Of the source: the copy is in `repository` below it, and `history` is there while something is checked. */
  readonly directory: string;
  /** The copy of the sync, which has no history and is left as it is. */
  readonly repository: () => Promise<GitRepository>;
}

/** Whether a revision goes on from the one before it. */
export class HistoryCheck {
  readonly #options: HistoryCheckOptions;

  constructor(options: HistoryCheckOptions) {
    this.#options = options;
  }

  /**
   * True only where that is certain. What has the older one among its parents needs no look at the server, and where the
   * configuration names a commit nothing is to go on from anything. Rejects where the history cannot be had.
   */
  async isRewritten({ older, newer }: Succession, stopped: AbortSignal): Promise<boolean> {
    const { repository, ref, timeoutMs } = this.#options;
    if (/^[0-9a-f]{40,64}$/.test(ref)) return false;
    const { signal, stop } = endingAfter(Math.min(longestMs, timeoutMs), stopped);
    try {
      const copy = await repository();
      const parents = headersOf(await copy.read(["cat-file", "commit", newer], signal));
      if (parents.includes(`parent ${older}`)) return false;
      const olderAt = committedAt(await copy.read(["cat-file", "commit", older], signal));
      return await this.#isApart({ older, newer, olderAt }, signal);
    } finally {
      stop();
    }
  }

  async #isApart(
    { older, newer, olderAt }: Succession & { readonly olderAt: number },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { directory } = this.#options;
    const folder = join(directory, "history");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const draft = new DraftRepository(this.#options, folder, signal);
      await draft.prepare();
      await draft.fetchCommit(older, join(directory, "repository"));
      for (const depth of depths) {
        await draft.fetchHistory(depth);
        if (await draft.isAncestor(older, newer)) return false;
        // What is not here is older than the last commits that are: nothing of it can be what was in effect.
        const ends = await draft.endsOfHistory(older);
        if (ends.every((endAt) => endAt + toleranceSeconds < olderAt)) return true;
      }
      return false;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function headersOf(commit: string): readonly string[] {
  return commit.slice(0, commit.indexOf("\n\n")).split("\n");
}

/** In seconds since the epoch; 0 where it does not say. */
function committedAt(commit: string): number {
  const line = headersOf(commit).find((header) => header.startsWith("committer "));
  return Number(/> (\d+) [+-]\d{4}$/.exec(line ?? "")?.[1] ?? 0);
}
