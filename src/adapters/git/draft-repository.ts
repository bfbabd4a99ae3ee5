import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ConflictError, DeniedError } from "../../util/errors.ts";
import { readIfThere } from "../if-there.ts";
import { specSizeLimit } from "../spec/spec-file.ts";
import { gitEnvironment } from "./git-environment.ts";
import { failureFrom } from "./git-failure.ts";
import type { GitSettings } from "./git-settings.ts";
import { localPathOf } from "./local-repository.ts";
import { runGit, type GitResult } from "./run-git.ts";

/** So much of the past is looked at to see how a branch and the revision in effect are related, in commits. */
const historyDepth = 100;

const fetchOptions = [
  "--quiet",
  "--no-tags",
  "--no-recurse-submodules",
  "--no-write-fetch-head",
  "--refmap=",
  "--end-of-options",
] as const;

/**
 * What receives at a path of this host runs as the controller, and the repository may be another account's: nothing
 * that its configuration names is run. Constant, as Git hands it to a shell; no other server is told any of it.
 */
const localReceiver = [
  "git",
  "-c core.hooksPath=/dev/null",
  "-c core.alternateRefsCommand=true",
  "-c receive.denyCurrentBranch=refuse",
  "-c receive.autoGC=false",
  "receive-pack",
].join(" ");

/** What the server has. */
export interface ServerBranches {
  /** Where the branch is; null: there is none. */
  readonly tip: string | null;
  /** The branch that the server calls its HEAD, without `refs/heads/`; null: it does not say. */
  readonly head: string | null;
}

/** A file of a commit. */
export interface DraftFile {
  readonly mode: string;
  readonly text: string;
}

/** Whose commit it is. */
export interface Authorship {
  readonly name: string;
  readonly email: string;
  readonly committerEmail: string;
}

/** A bare repository of its own in which one commit is made and pushed; nothing else ever reads it. */
export class DraftRepository {
  readonly #settings: GitSettings;
  readonly #directory: string;
  readonly #signal: AbortSignal;
  #environment: Readonly<Record<string, string>> = {};

  /** `directory` is all its own, and removed by who has made it. */
  constructor(settings: GitSettings, directory: string, signal: AbortSignal) {
    this.#settings = settings;
    this.#directory = directory;
    this.#signal = signal;
  }

  async prepare(): Promise<void> {
    this.#environment = await gitEnvironment(join(this.#directory, "git"), this.#settings);
    await mkdir(join(this.#directory, "repository"));
    await this.#read(["init", "--quiet", "--bare", "."]);
  }

  /** What the server has now. */
  async serverBranches(branch: string): Promise<ServerBranches> {
    const ref = `refs/heads/${branch}`;
    const { url } = this.#settings;
    const listed = await this.#read(["ls-remote", "--symref", "--end-of-options", url, "HEAD", ref]);
    const tip = new RegExp(`^([0-9a-f]{40,64})\\t(\\S+)$`, "gm");
    const found = [...listed.matchAll(tip)].find(([, , name]) => name === ref)?.[1] ?? null;
    return { tip: found, head: /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(listed)?.[1] ?? null };
  }

  /** Takes the commit from the copy of the sync, which is left as it is, or else from the server. */
  async fetchCommit(commit: string, copy: string): Promise<void> {
    const known = await this.run(["cat-file", "-e", `${commit}^{commit}`]);
    if (known.code === 0) return;
    const wanted = `+${commit}:refs/ds01/base`;
    const local = ["-c", "protocol.file.allow=always", "fetch", "--depth=1"];
    const taken = await this.run([...local, ...fetchOptions, copy, wanted]);
    if (taken.code !== 0)
      await this.#read(["fetch", "--depth=1", ...fetchOptions, this.#settings.url, wanted]);
  }

  /**
   * The commit to go on from so that neither what is in effect nor what the branch has is lost; ConflictError
   * BranchDiverged where there is none.
   */
  async parentFor(base: string, branch: string): Promise<string> {
    const { url, ref } = this.#settings;
    const history = ["fetch", `--depth=${historyDepth}`, ...fetchOptions, url];
    await this.#read([...history, `+refs/heads/${branch}:refs/ds01/branch`]);
    const tip = (await this.#read(["rev-parse", "--verify", "refs/ds01/branch"])).trim();
    if (await this.isAncestor(base, tip)) return tip;
    await this.#read([...history, `+${ref}:refs/ds01/followed`]);
    // What the branch had is in effect: it goes on from there.
    if (await this.isAncestor(tip, base)) return base;
    throw new ConflictError({
      reason: "BranchDiverged",
      message: `${branch} is at ${tip.slice(0, 12)}, which does not go on from the revision in effect (${base.slice(0, 12)})`,
      remedy: "take another branch, or merge or delete this one at the server; nothing is ever forced",
    });
  }

  /** A file of a commit; undefined where there is none. DeniedError where a link or the like stands there. */
  async file(commit: string, path: string): Promise<DraftFile | undefined> {
    const parts = path.split("/");
    for (const [index] of parts.entries()) {
      const place = parts.slice(0, index + 1).join("/");
      const listed = await this.#read([
        "--literal-pathspecs",
        "ls-tree",
        "-z",
        "-l",
        "--full-tree",
        commit,
        "--",
        place,
      ]);
      const [, mode = "", id = "", size = ""] = /^(\d+) \S+ ([0-9a-f]+) +(\d+|-)\t/.exec(listed) ?? [];
      if (mode === "") return undefined;
      const isLast = index === parts.length - 1;
      if (isLast && mode.startsWith("100")) return { mode, text: await this.#text(id, Number(size), path) };
      if (isLast || mode !== "040000") throw notAFile(place);
    }
    return undefined;
  }

  async #text(id: string, size: number, path: string): Promise<string> {
    const text = size > specSizeLimit ? null : await this.#read(["cat-file", "blob", id]);
    if (text !== null && Buffer.byteLength(text) === size && !text.includes("\uFFFD")) return text;
    throw new ConflictError({
      reason: "NotEditable",
      message: `${path} is too large for a spec or no UTF-8`,
      remedy: "mend it in the repository",
    });
  }

  /** A commit on `parent` in which one file is another one, or none (null); its id. */
  async commit(
    {
      parent,
      path,
      file,
    }: { readonly parent: string; readonly path: string; readonly file: DraftFile | null },
    message: string,
    { name, email, committerEmail }: Authorship,
  ): Promise<string> {
    const index = { GIT_INDEX_FILE: join(this.#directory, "index") };
    await this.#read(["read-tree", parent], { environment: index });
    const id =
      file === null
        ? "0".repeat(parent.length)
        : (await this.#read(["hash-object", "-w", "--stdin"], { input: file.text })).trim();
    const input = `${file?.mode ?? "0"} ${id}\t${path}\0`;
    await this.#read(["update-index", "-z", "--index-info"], { environment: index, input });
    const tree = (await this.#read(["write-tree"], { environment: index })).trim();
    const environment = {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: "ds01",
      GIT_COMMITTER_EMAIL: committerEmail,
    };
    const made = await this.#read(["commit-tree", tree, "-p", parent, "-F", "-"], {
      environment,
      input: message,
    });
    return made.trim();
  }

  /** Pushes without force; any outcome is a result. */
  async push(commit: string, branch: string): Promise<GitResult> {
    const options = ["--porcelain", "--no-progress", "--no-verify", "--no-signed", "--recurse-submodules=no"];
    const { url } = this.#settings;
    const local = localPathOf(url) === null ? [] : [`--receive-pack=${localReceiver}`];
    const target = `${commit}:refs/heads/${branch}`;
    return this.run(["push", ...options, ...local, "--no-follow-tags", "--end-of-options", url, target]);
  }

  /** Takes so many commits of what is followed from the server; of servers that can leave them out, without files. */
  async fetchHistory(depth: number): Promise<void> {
    const { url, ref } = this.#settings;
    const options = [`--depth=${depth}`, "--filter=tree:0", ...fetchOptions];
    await this.#read(["fetch", ...options, url, `+${ref}:refs/ds01/followed`]);
  }

  /** When the commits were made whose parents are not here, but for one; in seconds since the epoch. */
  async endsOfHistory(butFor: string): Promise<readonly number[]> {
    const ends = await readIfThere(join(this.#directory, "repository", "shallow"));
    const ids = ends?.split("\n").filter((id) => id !== "" && id !== butFor) ?? [];
    if (ids.length === 0) return [];
    const times = await this.#read(["rev-list", "--no-walk", "--format=%ct", ...ids]);
    return times
      .split("\n")
      .filter((line) => /^\d+$/.test(line))
      .map(Number);
  }

  /** Whether a commit goes on from another one, as far as the history of what is followed is here. */
  async isAncestor(older: string, newer: string): Promise<boolean> {
    const known = await this.run(["cat-file", "-e", `${older}^{commit}`]);
    if (known.code !== 0) return false;
    const { code, stderr } = await this.run(["merge-base", "--is-ancestor", older, newer]);
    if (code > 1) throw failureFrom("git merge-base", stderr);
    return code === 0;
  }

  /** What Git prints; GitFailure where it fails. */
  async #read(
    args: readonly string[],
    more: { readonly environment?: Readonly<Record<string, string>>; readonly input?: string } = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, more);
    if (code === 0) return stdout;
    throw failureFrom(`git ${args.find((word) => /^[a-z]+(?:-[a-z]+)*$/.test(word)) ?? ""}`, stderr);
  }

  /** Runs Git; any exit code is a result. */
  async run(
    args: readonly string[],
    {
      environment = {},
      input,
    }: { readonly environment?: Readonly<Record<string, string>>; readonly input?: string } = {},
  ): Promise<GitResult> {
    const directory = join(this.#directory, "repository");
    return runGit({
      args,
      directory,
      environment: { ...this.#environment, GIT_DIR: directory, ...environment },
      signal: this.#signal,
      ...(input === undefined ? {} : { input }),
    });
  }
}

function notAFile(path: string): DeniedError {
  return new DeniedError({
    reason: "SymlinkNotAllowed",
    message: `${path} is a link, a submodule or something else in the place of a spec`,
    remedy: "replace it by a real file or directory in the repository",
  });
}
