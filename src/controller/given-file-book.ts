import { labels } from "../api/names.ts";
import type { OwnerAccount } from "../core/account/owner-account.ts";
import { parseEnvFile } from "../api/env-file.ts";
import {
  givenFiles,
  givenPathProblem,
  givenWords,
  maximumGivenBytes,
  resolveGiven,
  type GivenFile,
  type GivenFileProblem,
  type GivenVariables,
} from "../core/given-files/given-file.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { lookedAtFor, specPlace } from "../core/plan/placed-path.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { VolumeSettings } from "../core/presets/preset.ts";
import type { Clock } from "../ports/clock.ts";
import type { HostPaths } from "../ports/host-paths.ts";
import type { Identity } from "../ports/identity.ts";
import type { OwnerFiles, ReadFile } from "../ports/owner-files.ts";
import { StalledError, WaitingError } from "../util/errors.ts";
import { lookAtPaths, type PathFacts } from "./host-path-facts.ts";
import { isRecent } from "../util/is-recent.ts";

/** How long a look at files counts, in milliseconds: one that waits is decided on anew every few seconds. */
const countsForMs = 4000;
/** So many verdicts are kept however old: who waits for devices is not looked at for hours, and keeps its turn. */
const keptVerdicts = 2000;
/** Looks that take longer than this hold a worker each; one of a user, and so many at the same time and no more. */
const slowAfterMs = 1000;
const mostSlow = 2;

export interface GivenFileBookOptions {
  readonly ownerFiles: Pick<OwnerFiles, "read">;
  readonly identity: Pick<Identity, "accountOf">;
  readonly hostPaths: HostPaths;
  readonly volumes: VolumeSettings;
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
  /** When the looks began that are under way, and for whom. */
  readonly #looks = new Set<{ readonly since: number; readonly namespace: string }>();

  constructor(options: GivenFileBookOptions) {
    this.#options = options;
  }

  /** Whether devices may be set aside for the object, as far as its files go: they were looked at and can be used. */
  usable(record: ContainerRecord): boolean {
    const files = this.#filesOf(record);
    if (files.length === 0) return true;
    return [keyOf(record, files), madeKeyOf(record, files)].some(
      (key) => this.#verdicts.get(key)?.problem === null,
    );
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
    const made = madeKeyOf(record, files);
    // What it has says nothing of the files as they are now, which others may be waiting for.
    if (containers.some((one) => one.labels[labels.generation] === generation)) return this.#note(made, null);
    this.#verdicts.delete(made);
    const key = keyOf(record, files);
    const wrong = this.#needsLocalEngine(files) ?? givenPathProblem(files, hostPaths);
    if (wrong !== null) return this.#note(key, wrong);
    const { clock } = this.#options;
    const known = this.#verdicts.get(key);
    // One that was missing is read as soon as it is there.
    if (known !== undefined && isRecent(known.at, clock.now(), countsForMs) && !isMissing(known.problem)) {
      return known.problem;
    }
    const slow = [...this.#looks].filter(({ since }) => clock.now() - since > slowAfterMs);
    const { namespace } = record;
    if (slow.length >= mostSlow || slow.some((one) => one.namespace === namespace)) return busy;
    const look = { since: clock.now(), namespace };
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
    files: readonly GivenVariables[],
    record: ContainerRecord,
  ): Promise<Readonly<Record<string, string>>> {
    const variables = new Map<string, string>();
    for (const { file, content } of await this.#contents(files, record)) {
      const parsed = parseEnvFile(content, file.prefix);
      if (parsed.type === "invalid") throw this.#unusable(record, invalid(file, parsed.message));
      for (const [name, value] of parsed.variables) variables.set(name, value);
    }
    return Object.fromEntries(variables);
  }

  /** What the named secrets hold now, by name; read and refused in the same way. */
  async secrets(record: ContainerRecord, names: ReadonlySet<string>): Promise<ReadonlyMap<string, Buffer>> {
    const files = this.#filesOf(record).filter((file) => file.use === "secret");
    const wanted = files.filter(({ name }) => names.has(name));
    // What a path leads to may have changed since the container was made.
    const { hostPaths } = await lookAtPaths(lookedAtFor(wanted), this.#options.hostPaths, []);
    const wrong = givenPathProblem(wanted, hostPaths);
    if (wrong !== null) throw this.#unusable(record, wrong);
    const found = await this.#contents(resolveGiven(wanted, hostPaths), record);
    return new Map(found.map(({ file, content }) => [file.name, content]));
  }

  /** Files that may be missing and are are left out. */
  async #contents<File extends GivenFile>(
    files: readonly File[],
    record: ContainerRecord,
  ): Promise<readonly { readonly file: File; readonly content: Buffer }[]> {
    if (files.length === 0) return [];
    const owner = await this.#options.identity.accountOf(record.namespace);
    if (owner === undefined) throw this.#unusable(record, noAccount);
    const found: { file: File; content: Buffer }[] = [];
    for (const file of files) {
      const read = await this.#read(file, owner);
      if (read === null) continue;
      if ("reason" in read) throw this.#unusable(record, read);
      found.push({ file, content: read });
    }
    return found;
  }

  #unusable(record: ContainerRecord, { reason, message }: GivenFileProblem): WaitingError {
    const { namespace, name } = record;
    // What was seen of its files before does not hold; those of others keep their turn for devices.
    this.#verdicts.delete(keyOf(record, this.#filesOf(record)));
    return new WaitingError({ reason, message: `${namespace}/${name} ${message}` });
  }

  #needsLocalEngine(files: readonly GivenFile[]): GivenFileProblem | null {
    if (this.#options.volumes.secretsRoot != null || !files.some(({ use }) => use === "secret")) return null;
    return {
      reason: "SecretsNeedLocalEngine",
      message:
        "has secrets, and the engine runs on another machine, where ds01 cannot put them: take variables from files (spec.envFrom), or let ds01 run on that machine",
    };
  }

  #filesOf(record: ContainerRecord): readonly GivenFile[] {
    const { spec } = record;
    if (spec === null) return [];
    return givenFiles(spec, specPlace({ record, volumes: this.#options.volumes }));
  }

  async #problemIn(files: readonly GivenFile[], owner: OwnerAccount): Promise<GivenFileProblem | null> {
    for (const file of files) {
      const read = await this.#read(file, owner);
      if (read === null) continue;
      if ("reason" in read) return read;
      if (file.use === "secret") continue;
      const parsed = parseEnvFile(read, file.prefix);
      if (parsed.type === "invalid") return invalid(file, parsed.message);
    }
    return null;
  }

  /** null: it may be missing, and is. */
  async #read(file: GivenFile, owner: OwnerAccount): Promise<Buffer | GivenFileProblem | null> {
    const found = await this.#ask(file, owner);
    if ("reason" in found) return found;
    if (found.type === "content") return found.content;
    if (found.type === "missing") {
      if (file.optional) return null;
      const { noun, notFound } = givenWords[file.use];
      const message = `takes ${noun} from ${file.path}; there is no such file for ${owner.name}: make it, or let its owner reach it`;
      return { reason: notFound, message };
    }
    return invalid(file, `it cannot be read as ${owner.name}: ${found.why}`);
  }

  async #ask({ path }: GivenFile, owner: OwnerAccount): Promise<ReadFile | GivenFileProblem> {
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
    for (const [one, verdict] of this.#verdicts.size < keptVerdicts ? [] : this.#verdicts) {
      if (at - verdict.at > 100 * countsForMs) this.#verdicts.delete(one);
    }
    this.#verdicts.set(key, { at, problem });
    if (before === undefined || (before.problem === null) !== (problem === null)) this.version += 1;
    return problem;
  }
}

function invalid({ use, path }: GivenFile, why: string): GivenFileProblem {
  const { noun, invalid: reason } = givenWords[use];
  return { reason, message: `takes ${noun} from ${path}; ${why}` };
}

const noAccount: GivenFileProblem = {
  reason: "UnknownUser",
  message: "reads files as its owner; this host has no such user: add the account",
};
const busy: GivenFileProblem = {
  reason: "GivenFileWaiting",
  message: "waits for its files to be read: others are being read and take long",
};

function isMissing(problem: GivenFileProblem | null): boolean {
  return Object.values(givenWords).some(({ notFound }) => notFound === problem?.reason);
}

function keyOf({ namespace }: ContainerRecord, files: readonly GivenFile[]): string {
  return JSON.stringify([namespace, files]);
}

/** For the one object whose container has them in it already. */
function madeKeyOf({ namespace, uid }: ContainerRecord, files: readonly GivenFile[]): string {
  return JSON.stringify([namespace, files, uid]);
}
