import { existsSync } from "node:fs";
import { mkdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { sha256 } from "../../util/hash.ts";
import { replaceFile, syncDirectory, unfinishedName } from "../atomic-file.ts";
import { errorCode } from "../error-code.ts";
import { namesIn } from "../if-there.ts";
import { removeLinksOut } from "./links-out.ts";
import { isDirectory, mustBeDirectory } from "./plain-directories.ts";
import type { Revision } from "./revision.ts";
import { WorktreeIndexes } from "./worktree-indexes.ts";

/** What is kept beside a worktree; from the file of another version nothing is taken. */
const StoredRevision = z.object({
  commit: z.string(),
  path: z.string(),
  appliedAt: z.number(),
  signer: z.string().optional(),
  order: z.object({ url: z.string().optional(), ref: z.string(), newestAt: z.number() }).optional(),
  files: z.array(z.object({ path: z.string(), id: z.string(), revision: z.string() })),
  refused: z.array(z.object({ path: z.string(), reason: z.string(), message: z.string() })),
});

/** Files on their way to be those of a revision. */
export interface Draft {
  /** May be missing. */
  readonly directory: string;
  /** Git's index of what is in it; missing where nothing is. */
  readonly index: string;
}

/** Makes the files of a draft those of a revision; resolves to the paths of symbolic links among them. */
export type Fill = (draft: Draft) => Promise<readonly string[]>;

/** The name of files that are ready for the next revision and of none yet. */
const preparedName = "spare";

/**
 * The files of revisions, one directory each, and the link `current` to the one in effect. A revision comes into effect
 * by one rename(2) of that link: whoever reads, and whoever starts after a crash, sees the old or the new one in full.
 */
export class Worktrees {
  readonly #directory: string;
  readonly #folder: string;
  readonly #indexes: WorktreeIndexes;

  /** `directory` holds `worktrees`, `indexes` and `current`. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#folder = join(directory, "worktrees");
    this.#indexes = new WorktreeIndexes(join(directory, "indexes"));
  }

  /** Where the files of the revision in effect are; also after the next one came into effect, for a while. */
  pathOf({ commit, path }: Pick<Revision, "commit" | "path">): string {
    const suffix = path === "" ? "" : `-${sha256(path).slice(0, 8)}`;
    return join(this.#folder, `${commit}${suffix}`);
  }

  /** The revision in effect; null where there is none, or what is known of it cannot be read. */
  async current(): Promise<Revision | null> {
    try {
      const name = await this.#nameInEffect();
      if (name === null || !existsSync(join(this.#folder, name))) return null;
      const text = await readFile(join(this.#folder, `${name}.json`), "utf8");
      const parsed = StoredRevision.safeParse(JSON.parse(text));
      return parsed.success ? parsed.data : null;
    } catch (error) {
      if (error instanceof SyntaxError || errorCode(error) === "ENOENT") return null;
      throw error;
    }
  }

  /**
   * Makes a worktree of the draft that `fill` completes, links out of it taken away; one of this name that is there is
   * replaced. It comes complete or not at all. The draft holds the files of a revision that is no longer in effect, so
   * that only what differs is written; where there are none, or that failed, it is empty.
   */
  async add(revision: Pick<Revision, "commit" | "path">, fill: Fill): Promise<void> {
    const name = basename(this.pathOf(revision));
    const spare = await this.#spareName(name);
    if (spare !== undefined) {
      // Whatever is wrong with these, all is written then; what is wrong with more than these shows there, too.
      const isMade = await this.#make(name, fill, spare).then(
        () => true,
        () => false,
      );
      if (isMade) return;
    }
    await this.#make(name, fill);
  }

  /** As `add`, with nothing of what is there, which may be damaged. */
  async addAnew(revision: Pick<Revision, "commit" | "path">, fill: Fill): Promise<void> {
    await this.#make(basename(this.pathOf(revision)), fill);
  }

  /** Makes files ready from which the next revision can be made, where there are none. */
  async prepare(fill: Fill): Promise<void> {
    if ((await this.#spareName()) === undefined) await this.#make(preparedName, fill);
  }

  /** Puts a revision into effect whose worktree is there; on disk when this resolves. */
  async publish(revision: Revision): Promise<void> {
    const worktree = this.pathOf(revision);
    await replaceFile(`${worktree}.json`, `${JSON.stringify(revision)}\n`, 0o644);
    await syncDirectory(dirname(worktree));
    const link = join(this.#directory, "current");
    const unfinished = unfinishedName(link);
    await symlink(join("worktrees", basename(worktree)), unfinished);
    await rename(unfinished, link);
    await syncDirectory(this.#directory);
  }

  /** Removes what unfinished work has left, and all but the named revisions and files for the next one. */
  async tidy(kept: readonly Pick<Revision, "commit" | "path">[]): Promise<void> {
    const names = new Set(kept.map((revision) => basename(this.pathOf(revision))));
    const spare = await this.#spareName(...names);
    if (spare !== undefined) names.add(spare);
    for (const name of await namesIn(this.#folder)) {
      if (!names.has(name.replace(/\.json$/, "")))
        await rm(join(this.#folder, name), { recursive: true, force: true });
    }
    await this.#indexes.tidy(names);
    for (const name of await namesIn(this.#directory)) {
      if (name.startsWith(".current.")) await rm(join(this.#directory, name), { force: true });
    }
  }

  /** What the link `current` names; null where there is none. */
  async #nameInEffect(): Promise<string | null> {
    try {
      return basename(await readlink(join(this.#directory, "current")));
    } catch (error) {
      if (["ENOENT", "EINVAL"].includes(errorCode(error))) return null;
      throw error;
    }
  }

  /** Files that are not in effect, and of which Git knows what they are; those of a preferred name first. */
  async #spareName(...preferred: readonly string[]): Promise<string | undefined> {
    const inEffect = await this.#nameInEffect();
    const names: string[] = [];
    for (const name of await this.#indexes.names()) {
      if (name !== inEffect && (await isDirectory(join(this.#folder, name)))) names.push(name);
    }
    return names.find((name) => preferred.includes(name)) ?? names[0];
  }

  async #make(name: string, fill: Fill, spare?: string): Promise<void> {
    const [target, index] = [join(this.#folder, name), this.#indexes.pathOf(name)];
    const draft: Draft = { directory: unfinishedName(target), index: unfinishedName(index) };
    await mkdir(this.#folder, { recursive: true, mode: 0o755 });
    await this.#indexes.makeFolder();
    try {
      if (spare !== undefined) {
        await rename(join(this.#folder, spare), draft.directory);
        await rename(this.#indexes.pathOf(spare), draft.index);
        // Git would empty what a link in its place leads to.
        await mustBeDirectory(draft.directory);
      }
      await removeLinksOut(draft.directory, await fill(draft));
      await rm(index, { force: true });
      await rm(target, { recursive: true, force: true });
      await rename(draft.directory, target);
      await rename(draft.index, index);
    } finally {
      await rm(draft.directory, { recursive: true, force: true });
      for (const left of [draft.index, `${draft.index}.lock`]) await rm(left, { force: true });
    }
  }
}
