import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { bootId } from "../boot-id.ts";
import { namesIn } from "../if-there.ts";

/**
 * What Git noted of the files of each worktree as it wrote them: their contents, sizes and times. What was written
 * before the machine was last started may not have reached the disk, so that notes of then count for nothing.
 */
export class WorktreeIndexes {
  readonly #folder: string;
  readonly #thisBoot: string;

  constructor(folder: string, boot = bootId()) {
    this.#folder = folder;
    // Where the kernel does not tell, they count for this process.
    this.#thisBoot = boot === "" ? randomUUID() : boot;
  }

  /** The index of the worktree of this name, which need not be there. */
  pathOf(name: string): string {
    return join(this.#folder, this.#thisBoot, name);
  }

  async makeFolder(): Promise<void> {
    await mkdir(join(this.#folder, this.#thisBoot), { recursive: true, mode: 0o755 });
  }

  /** Worktrees of which something is noted. */
  async names(): Promise<readonly string[]> {
    const names = await namesIn(join(this.#folder, this.#thisBoot));
    return names.filter((name) => !name.startsWith("."));
  }

  /** Removes all but the named ones. */
  async tidy(wanted: ReadonlySet<string>): Promise<void> {
    for (const boot of await namesIn(this.#folder)) {
      if (boot !== this.#thisBoot) await rm(join(this.#folder, boot), { recursive: true, force: true });
    }
    for (const name of await namesIn(join(this.#folder, this.#thisBoot))) {
      if (!wanted.has(name)) await rm(this.pathOf(name), { force: true });
    }
  }
}
