import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { namesIn } from "../if-there.ts";
import { failureFrom, GitFailure } from "./git-failure.ts";
import type { GitSettings } from "./git-settings.ts";
import { writeFailure } from "./write-failure.ts";
import { runGit, type GitResult } from "./run-git.ts";
import { parseTree, type TreeEntry } from "./tree-entry.ts";

/** Where a fetched revision is kept; nothing else in the repository has a name. */
export const fetchedRef = "refs/ds01/fetched";

/** Attributes of a repository can turn content into something else when it is checked out: none of them counts. */
const plainContent = "* -text -eol -ident -filter !working-tree-encoding\n";

/** Failures whose reason is known to be elsewhere. */
const notTheCopy: readonly string[] = ["SourceDiskFull", "RevisionMalformed"];

/** Something in the local copy is not as Git has left it. */
export class DamagedClone extends GitFailure {}

export interface GitRepositoryOptions extends Pick<GitSettings, "url" | "ref"> {
  /** Of the bare repository; everything in it can be had again. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Which files of a commit are written out. */
interface Content {
  readonly commit: string;
  /** Directory of the repository; empty: its root. */
  readonly path: string;
  /** What below it is not, from the root. */
  readonly leftOut: readonly string[];
}

/** A bare copy that holds the revisions fetched last, without history. */
export class GitRepository {
  readonly #options: GitRepositoryOptions;

  constructor(options: GitRepositoryOptions) {
    this.#options = options;
  }

  /** Fetches what is followed; resolves with its commit. GitFailure, or DamagedClone where the copy is the reason. */
  async fetch(signal: AbortSignal): Promise<string> {
    await this.#prepare(signal);
    const { url, ref } = this.#options;
    const options = [
      "--quiet",
      "--depth=1",
      "--force",
      "--no-tags",
      "--no-recurse-submodules",
      "--no-write-fetch-head",
    ];
    const args = ["fetch", ...options, "--refmap=", "--end-of-options", url, `+${ref}:${fetchedRef}`];
    const fetched = await this.run(args, signal);
    if (fetched.code !== 0) {
      const failure = failureFrom("git fetch", fetched.stderr);
      if (!notTheCopy.includes(failure.reason)) await this.#mustBeSound(signal);
      throw failure;
    }
    const commit = await this.read(
      ["rev-parse", "--verify", "--end-of-options", `${fetchedRef}^{commit}`],
      signal,
    );
    const check = await this.run(
      ["rev-list", "--objects", "--quiet", "--end-of-options", commit.trim()],
      signal,
    );
    if (check.code !== 0) throw damaged(check.stderr);
    return commit.trim();
  }

  /** All entries below a directory (empty: the root); GitFailure PathMissing where that is none. */
  async entries(commit: string, path: string, signal: AbortSignal): Promise<readonly TreeEntry[]> {
    if (path !== "") {
      const type = await this.run(["cat-file", "-t", "--end-of-options", `${commit}:${path}`], signal);
      if (type.stdout.trim() !== "tree") {
        throw new GitFailure({
          reason: "PathMissing",
          message: `the revision has no directory ${path}`,
          remedy: "correct sources[].git.path, or bring the directory back",
        });
      }
    }
    const only = path === "" ? [] : ["--", `${path}/`];
    return parseTree(
      await this.read(["ls-tree", "-r", "-z", "-l", "--full-tree", commit, ...only], signal),
      path,
    );
  }

  /**
   * Makes what is in `directory` the files of a commit, their content as it stands in the repository. `index` says what
   * is there already and is left alone where it is as noted; without one nothing may be there.
   */
  async checkOut(
    { directory, index, ...content }: Content & { readonly directory: string; readonly index: string },
    signal: AbortSignal,
  ): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    const environment = { GIT_INDEX_FILE: index, GIT_WORK_TREE: directory };
    const tree = await this.#treeOf(
      content,
      { ...environment, GIT_INDEX_FILE: `${directory}.index` },
      signal,
    );
    for (const args of [
      ["read-tree", "--reset", "-u", tree],
      ["clean", "-ffdxq"],
    ]) {
      const { code, stderr } = await this.run(args, signal, { environment });
      if (code !== 0) throw (await writeFailure(stderr, directory)) ?? damaged(stderr);
    }
  }

  /** Removes the copy; the next fetch makes another one. */
  async discard(): Promise<void> {
    await rm(this.#options.directory, { recursive: true, force: true });
  }

  /** Removes from the copy what no revision of now needs. */
  async collectGarbage(signal: AbortSignal): Promise<void> {
    await this.run(["-c", "gc.auto=2000", "gc", "--auto", "--quiet", "--prune=now"], signal);
  }

  /** What Git prints to standard output; DamagedClone where it fails, as it never does with a copy that is sound. */
  async read(
    args: readonly string[],
    signal: AbortSignal,
    more: { readonly environment?: Readonly<Record<string, string>>; readonly input?: string } = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, signal, more);
    if (code === 0) return stdout;
    const failure = failureFrom(`git ${args[0] ?? ""}`, stderr);
    throw failure.reason === "SourceDiskFull" ? failure : damaged(stderr);
  }

  /** Runs Git on the copy; any exit code is a result. */
  async run(
    args: readonly string[],
    signal: AbortSignal,
    {
      environment = {},
      input,
    }: { readonly environment?: Readonly<Record<string, string>>; readonly input?: string } = {},
  ): Promise<GitResult> {
    const { directory } = this.#options;
    return runGit({
      args,
      directory,
      environment: { ...this.#options.environment, GIT_DIR: directory, ...environment },
      signal,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** A tree with nothing else in it: Git writes out all that is in one. */
  async #treeOf(
    { commit, path, leftOut }: Content,
    environment: Readonly<Record<string, string>> & { readonly GIT_INDEX_FILE: string },
    signal: AbortSignal,
  ): Promise<string> {
    if (path === "" && leftOut.length === 0) return commit;
    const index = environment.GIT_INDEX_FILE;
    try {
      const part = path === "" ? [commit] : [`--prefix=${path}/`, `${commit}:${path}`];
      await this.read(["read-tree", ...part], signal, { environment });
      const input = leftOut.map((left) => `${left}\0`).join("");
      await this.read(["update-index", "--force-remove", "-z", "--stdin"], signal, { environment, input });
      return (await this.read(["write-tree"], signal, { environment })).trim();
    } finally {
      for (const left of [index, `${index}.lock`]) await rm(left, { force: true });
    }
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { directory } = this.#options;
    if (existsSync(join(directory, "ds01-complete"))) return this.#removeUnfinished();
    await this.discard();
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await this.read(["init", "--quiet", "--bare", "."], signal);
    await mkdir(join(directory, "info"), { recursive: true });
    await writeFile(join(directory, "info", "attributes"), plainContent);
    await writeFile(join(directory, "ds01-complete"), "");
  }

  /** A server that hangs or is cut off leaves a part of a pack at each try, and Git never removes it. */
  async #removeUnfinished(): Promise<void> {
    const packs = join(this.#options.directory, "objects", "pack");
    for (const name of await namesIn(packs)) {
      if (name.startsWith("tmp_")) await rm(join(packs, name), { force: true });
    }
  }

  /** A fetch failed: was it because of the copy? Locks of a Git that was killed count, too. */
  async #mustBeSound(signal: AbortSignal): Promise<void> {
    const { directory } = this.#options;
    const names = await readdir(directory, { recursive: true }).catch(() => []);
    const left = names.find((name) => name.endsWith(".lock"));
    if (left !== undefined) throw damaged(`${left} was left by a Git that was ended`);
    const check = await this.run(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"], signal);
    if (check.code !== 0) throw damaged(check.stderr);
  }
}

function damaged(stderr: string): DamagedClone {
  const { message } = failureFrom("git", stderr);
  return new DamagedClone({ reason: "CloneDamaged", message: `the local copy is damaged: ${message}` });
}
