import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink, realpath, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, posix, relative } from "node:path";
import { z } from "zod";
import { sha256 } from "../../util/hash.ts";
import { replaceFile, syncDirectory, unfinishedName } from "../atomic-file.ts";
import { errorCode } from "../error-code.ts";
import { namesIn } from "../if-there.ts";
import type { Revision } from "./revision.ts";

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

/**
 * The files of revisions, one directory each, and the link `current` to the one in effect. A revision comes into effect
 * by one rename(2) of that link: whoever reads, and whoever starts after a crash, sees the old or the new one in full.
 */
export class Worktrees {
  readonly #directory: string;

  /** `directory` holds `worktrees` and `current`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the files of the revision in effect are; also after the next one came into effect, for a while. */
  pathOf({ commit, path }: Pick<Revision, "commit" | "path">): string {
    const suffix = path === "" ? "" : `-${sha256(path).slice(0, 8)}`;
    return join(this.#directory, "worktrees", `${commit}${suffix}`);
  }

  /** The revision in effect; null where there is none, or what is known of it cannot be read. */
  async current(): Promise<Revision | null> {
    try {
      const name = basename(await readlink(join(this.#directory, "current")));
      const worktree = join(this.#directory, "worktrees", name);
      if (!existsSync(worktree)) return null;
      const text = await readFile(`${worktree}.json`, "utf8");
      const parsed = StoredRevision.safeParse(JSON.parse(text));
      return parsed.success ? parsed.data : null;
    } catch (error) {
      if (error instanceof SyntaxError || ["ENOENT", "EINVAL"].includes(errorCode(error))) return null;
      throw error;
    }
  }

  /**
   * Makes a worktree with what `fill` puts into the directory that it is given, links out of it taken away; one of
   * this name that is there is replaced. It comes complete or not at all.
   */
  async add(
    revision: Pick<Revision, "commit" | "path">,
    fill: (directory: string) => Promise<void>,
  ): Promise<void> {
    const target = this.pathOf(revision);
    const unfinished = unfinishedName(target);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    try {
      await fill(unfinished);
      await removeLinksOut(unfinished, "");
      await rm(target, { recursive: true, force: true });
      await rename(unfinished, target);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
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

  /** Removes all but the named revisions, and what unfinished work has left. */
  async tidy(kept: readonly Pick<Revision, "commit" | "path">[]): Promise<void> {
    const names = kept.map((revision) => basename(this.pathOf(revision)));
    const wanted = new Set(names.flatMap((name) => [name, `${name}.json`]));
    const folder = join(this.#directory, "worktrees");
    for (const name of await namesIn(folder)) {
      if (!wanted.has(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
    for (const name of await namesIn(this.#directory)) {
      if (name.startsWith(".current.")) await rm(join(this.#directory, name), { force: true });
    }
  }
}

/** Links are followed by what builds images and copies files: none may lead out of the revision. */
async function removeLinksOut(root: string, below: string): Promise<void> {
  for (const name of await readdir(join(root, below))) {
    const path = join(below, name);
    const stats = await lstat(join(root, path));
    if (stats.isDirectory()) await removeLinksOut(root, path);
    else if (stats.isSymbolicLink() && (await leadsOutOf(root, path))) await rm(join(root, path));
  }
}

/** By what is written in it, and by other links that it leads through. */
async function leadsOutOf(root: string, path: string): Promise<boolean> {
  if (leadsOut(path, await readlink(join(root, path)))) return true;
  try {
    const place = relative(await realpath(root), await realpath(join(root, path)));
    return place === ".." || place.startsWith("../");
  } catch (error) {
    // One that leads nowhere leads nowhere else.
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES"].includes(errorCode(error))) return false;
    throw error;
  }
}

function leadsOut(path: string, target: string): boolean {
  const place = posix.normalize(posix.join(posix.dirname(path), target));
  return target.startsWith("/") || place === ".." || place.startsWith("../");
}
