import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { bootId } from "../boot-id.ts";
import { namesIn } from "../if-there.ts";

/**
 * What Git noted of the files of each worktree as it wrote them: their contents, sizes and times. What was written
 * before the machine was last started may not have reached the disk, and what was under another umask has other modes,
 * which are not noted: notes of then count for nothing.
 */
export class WorktreeIndexes {
  readonly #folder: string;
  /** Names the last start of the machine and the umask. */
  readonly #now: string;

  constructor(folder: string, boot = bootId()) {
    this.#folder = folder;
    // Where the kernel does not tell, they count for this process.
    this.#now = `${boot === "" ? randomUUID() : boot}-${process.umask().toString(8)}`;
  }

  /** The index of the worktree of this name, which need not be there. */
  pathOf(name: string): string {
    return join(this.#folder, this.#now, name);
  }

  async makeFolder(): Promise<void> {
    await mkdir(join(this.#folder, this.#now), { recursive: true, mode: 0o755 });
  }

  /** Worktrees of which something is noted. */
  async names(): Promise<readonly string[]> {
    const names = await namesIn(join(this.#folder, this.#now));
    return names.filter((name) => !name.startsWith("."));
  }

  /** Removes all but the named ones. */
  async tidy(wanted: ReadonlySet<string>): Promise<void> {
    for (const then of await namesIn(this.#folder)) {
      if (then !== this.#now) await rm(join(this.#folder, then), { recursive: true, force: true });
    }
    for (const name of await namesIn(join(this.#folder, this.#now))) {
      if (!wanted.has(name)) await rm(this.pathOf(name), { force: true });
    }
  }
}
