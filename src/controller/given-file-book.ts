import { labels } from "../api/names.ts";
import type { OwnerAccount } from "../core/account/owner-account.ts";
import { parseEnvFile } from "../core/given-files/env-file.ts";
import {
  givenFiles,
  givenPathProblem,
  givenWords,
  maximumGivenBytes,
  resolveGiven,
  type GivenFile,
  type GivenFileProblem,
} from "../core/given-files/given-file.ts";
import type { ObservedContainer } from "../core/observed.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { Clock } from "../ports/clock.ts";
import type { Identity } from "../ports/identity.ts";
import type { OwnerFiles, ReadFile } from "../ports/owner-files.ts";
import { StalledError, WaitingError } from "../util/errors.ts";
import type { PathFacts } from "./host-path-facts.ts";

/** How long a look at files counts, in milliseconds: one that waits is decided on anew every few seconds. */
const countsForMs = 4000;
/** Looks that take longer than this hold a worker each; so many at the same time and no more. */
const slowAfterMs = 1000;
const mostSlow = 2;

export interface GivenFileBookOptions {
  readonly ownerFiles: Pick<OwnerFiles, "read">;
  readonly identity: Pick<Identity, "accountOf">;
  readonly specsRoot: string;
  readonly clock: Clock;
}

/**
 * Files whose content goes into containers. What is kept of them is whether they can be used, never what they hold; no
 * error shows more of them than the number of a line.
 */
export class GivenFileBook {
  /** Grows whenever a file can be used that could not, or the other way round. */
  version = 0;
  readonly #options: GivenFileBookOptions;
  /** By whose they are and what is wanted of them. */
  readonly #verdicts = new Map<string, { readonly at: number; readonly problem: GivenFileProblem | null }>();
  /** When the looks began that are under way. */
  readonly #looks = new Set<{ readonly since: number }>();

  constructor(options: GivenFileBookOptions) {
    this.#options = options;
  }

  /** Whether devices may be set aside for the object, as far as its files go: they were looked at and can be used. */
  usable(record: ContainerRecord): boolean {
    const files = this.#filesOf(record);
    if (files.length === 0) return true;
    return this.#verdicts.get(keyOf(record, files))?.problem === null;
  }

  /** Looks at the object's files before a container is made with them; null: they can be used, or are in it already. */
  async look(
    record: ContainerRecord,
    about: {
      readonly owner: OwnerAccount | null;
      readonly hostPaths: PathFacts["hostPaths"];
      readonly containers: readonly ObservedContainer[];
    },
  ): Promise<GivenFileProblem | null> {
    const { owner, hostPaths, containers } = about;
    const files = this.#filesOf(record);
    if (files.length === 0 || owner === null) return null;
    const generation = String(record.generation);
    const key = keyOf(record, files);
    if (containers.some((one) => one.labels[labels.generation] === generation)) return this.#note(key, null);
    const wrong = givenPathProblem(files, hostPaths);
    if (wrong !== null) return this.#note(key, wrong);
    const { clock } = this.#options;
    const known = this.#verdicts.get(key);
    // One that was missing is read as soon as it is there.
    if (known !== undefined && Math.abs(clock.now() - known.at) < countsForMs && !isMissing(known.problem)) {
      return known.problem;
    }
    const slow = [...this.#looks].filter(({ since }) => clock.now() - since > slowAfterMs);
    if (slow.length >= mostSlow) return busy;
    const look = { since: clock.now() };
    this.#looks.add(look);
    try {
      return this.#note(key, await this.#problemIn(resolveGiven(files, hostPaths), owner));
    } finally {
      this.#looks.delete(look);
    }
  }

  /**
   * The variables that files bring, of which the later count, read now with the rights of the owner. Throws WaitingError
   * with the reason of a file that cannot be used.
   */
  async variables(
    files: readonly GivenFile[],
    { namespace, name }: Pick<ContainerRecord, "namespace" | "name">,
  ): Promise<Readonly<Record<string, string>>> {
    if (files.length === 0) return {};
    const owner = await this.#options.identity.accountOf(namespace);
    const variables = new Map<string, string>();
    for (const file of files) {
      const read = owner === undefined ? noAccount : await this.#read(file, owner);
      if ("reason" in read) {
        // What was seen of them before does not hold.
        this.#verdicts.clear();
        throw new WaitingError({ reason: read.reason, message: `${namespace}/${name} ${read.message}` });
      }
      for (const [variable, value] of read.variables) variables.set(variable, value);
    }
    return Object.fromEntries(variables);
  }

  #filesOf({ spec, source }: ContainerRecord): readonly GivenFile[] {
    if (spec === null) return [];
    return givenFiles(spec, { specsRoot: this.#options.specsRoot, sourcePath: source.path });
  }

  async #problemIn(files: readonly GivenFile[], owner: OwnerAccount): Promise<GivenFileProblem | null> {
    for (const file of files) {
      const read = await this.#read(file, owner);
      if ("reason" in read) return read;
    }
    return null;
  }

  async #read(file: GivenFile, owner: OwnerAccount): Promise<Content | GivenFileProblem> {
    const { use, path, optional, prefix } = file;
    const words = givenWords[use];
    const found = await this.#contentOf(path, owner);
    if ("reason" in found) return found;
    if (found.type === "missing") {
      if (optional) return noVariables;
      const message = `takes ${words.noun} from ${path}; there is no such file for ${owner.name}: make it, or let its owner reach it`;
      return { reason: words.notFound, message };
    }
    if (found.type === "unreadable") {
      const message = `takes ${words.noun} from ${path}, which cannot be read as ${owner.name}: ${found.why}`;
      return { reason: words.invalid, message };
    }
    const parsed = parseEnvFile(found.content, prefix);
    if (parsed.type === "variables") return parsed;
    return { reason: words.invalid, message: `takes ${words.noun} from ${path}; ${parsed.message}` };
  }

  async #contentOf(path: string, owner: OwnerAccount): Promise<ReadFile | GivenFileProblem> {
    try {
      return await this.#options.ownerFiles.read(path, maximumGivenBytes, owner);
    } catch (error) {
      if (!(error instanceof StalledError)) throw error;
      const { reason, message } = error;
      return { reason, message: `cannot have ${path}: ${message}` };
    }
  }

  #note<Problem extends GivenFileProblem | null>(key: string, problem: Problem): Problem {
    const before = this.#verdicts.get(key);
    const at = this.#options.clock.now();
    for (const [one, verdict] of this.#verdicts) {
      if (at - verdict.at > 100 * countsForMs) this.#verdicts.delete(one);
    }
    this.#verdicts.set(key, { at, problem });
    if (before === undefined || (before.problem === null) !== (problem === null)) this.version += 1;
    return problem;
  }
}

interface Content {
  readonly variables: ReadonlyMap<string, string>;
}

const noVariables: Content = { variables: new Map() };
const noAccount: GivenFileProblem = {
  reason: "UnknownUser",
  message: "reads files as its owner; this host has no such user: add the account",
};
const busy: GivenFileProblem = {
  reason: "EnvFileWaiting",
  message: `waits for its files to be read: ${mostSlow} others are being read and take long`,
};

function isMissing(problem: GivenFileProblem | null): boolean {
  return Object.values(givenWords).some(({ notFound }) => notFound === problem?.reason);
}

function keyOf({ namespace }: ContainerRecord, files: readonly GivenFile[]): string {
  return JSON.stringify([namespace, files]);
}
