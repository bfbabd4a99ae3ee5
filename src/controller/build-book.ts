import { labels } from "../api/names.ts";
import { buildReference, buildRepository } from "../core/build.ts";
import type { ObservedContainer } from "../core/observed.ts";
import { isLive } from "../core/plan/roles.ts";
import { specHash } from "../core/plan/spec-hash.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { BuildState } from "../core/world.ts";
import type { BuildContexts, ContextRequest } from "../ports/build-contexts.ts";
import type { Clock } from "../ports/clock.ts";
import type { BuildLimits, ContainerRuntime } from "../ports/container-runtime.ts";
import type { RegistryCredentials } from "../ports/registry-credentials.ts";
import { Ds01Error, messageOf, StalledError } from "../util/errors.ts";
import { sha256 } from "../util/hash.ts";
import type { BaseCheck } from "./base-check.ts";
import { ownLabels, removeLeftovers } from "./build-leftovers.ts";
import { buildEnded, buildTooLong, withoutOutput } from "./build-failure.ts";
import { BuildOutput } from "./build-output.ts";
import { buildKey, contextRequestOf } from "./context-request.ts";
import { Turns } from "../util/turns.ts";
import { isRecent } from "../util/is-recent.ts";

/** What is built from is looked at this often at most. */
const lookEveryMs = 5000;
/** However much a build writes meanwhile. */
const longestBuildMs = 2 * 3_600_000;

export interface BuildBookOptions {
  readonly runtime: ContainerRuntime;
  readonly contexts: BuildContexts;
  readonly credentials: RegistryCredentials;
  readonly bases: Pick<BaseCheck, "check">;
  readonly clock: Clock;
  readonly instance: string;
  /** Builds at the same time. */
  readonly concurrent: number;
  readonly containersOf: (record: ContainerRecord) => readonly ObservedContainer[];
  /** Limits of what runs while the object's image is built. */
  readonly limitsOf: (record: ContainerRecord) => BuildLimits;
  /** Something is another than when the object was looked at last. */
  readonly onChange: (namespace: string, name: string) => void;
}

/** A build that waits for its turn or is under way. */
interface Build {
  readonly since: number;
  readonly output: BuildOutput;
  readonly ending: AbortController;
  readonly wanted: string;
}

/** What is known of the build of one object. */
interface Entry {
  /** Whose context it is; another path or Dockerfile starts afresh. */
  readonly key: string;
  signature: string;
  contextHash: string | null;
  failure: Extract<BuildState, { type: "unbuildable" }> | null;
  readAt: number;
  isReading: boolean;
}

/**
 * Which image each object that builds its own needs, and the builds under way. Files are read beside the workers, one
 * context at a time, and only where the answer can matter: what runs keeps the image that it was made from.
 */
export class BuildBook {
  readonly #options: BuildBookOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #outputs = new Map<string, BuildOutput>();
  readonly #building = new Map<string, Build>();
  readonly #turnsOf = new Map<string, Turns>();
  readonly #reads = new Turns(1);
  readonly #builds: Turns;
  #version = 0;

  constructor(options: BuildBookOptions) {
    this.#options = options;
    this.#builds = new Turns(options.concurrent);
  }

  /** Grows with every change of what `referenceOf` and `stateOf` say. */
  get version(): number {
    return this.#version;
  }

  /** Has the files of the object looked at, unless they cannot matter or were just now. */
  look(record: ContainerRecord): void {
    const request = contextRequestOf(record);
    if (request === null || this.#pinned(record) !== null) return;
    const now = this.#options.clock.now();
    // Who edits the spec has often edited its files a moment before.
    const key = sha256(JSON.stringify([request, record.generation]));
    const known = this.#entries.get(record.uid);
    const entry = known?.key === key ? known : newEntry(key);
    this.#entries.set(record.uid, entry);
    if (entry.isReading || isRecent(entry.readAt, now, lookEveryMs)) return;
    entry.isReading = true;
    void this.#reads.take(() => this.#read(record, request, entry));
  }

  /** The image that the object needs; null where that is not known yet. */
  referenceOf(record: ContainerRecord): string | null {
    const { spec, uid } = record;
    if (spec?.build === undefined) return spec?.image ?? null;
    const pinned = this.#pinned(record);
    if (pinned !== null) return pinned;
    const hash = this.#entries.get(uid)?.contextHash ?? null;
    return hash === null ? null : buildReference(record, spec.build, hash);
  }

  /** Why the image is not to be had right now; null where nothing is under way or in the way. */
  stateOf(record: ContainerRecord): BuildState | null {
    if (record.spec?.build === undefined) return null;
    const build = this.#building.get(record.uid);
    if (build !== undefined) return { type: "building", since: build.since, step: build.output.step };
    if (this.#pinned(record) !== null) return null;
    const entry = this.#entries.get(record.uid);
    if (entry?.failure != null) return entry.failure;
    return entry?.contextHash == null ? { type: "reading" } : null;
  }

  /** Whether a build of the object waits for its turn or is under way. */
  isBuilding(uid: string): boolean {
    return this.#building.has(uid);
  }

  /** What the last build of the object wrote; undefined where there was none since the controller started. */
  output(uid: string): BuildOutput | undefined {
    return this.#outputs.get(uid);
  }

  /**
   * Builds the image, in its turn: one at a time for each user. Rejects with StalledError BuildFailed; WaitingError
   * BuildEnded when nobody wants it any more.
   */
  async build(record: ContainerRecord): Promise<void> {
    const { clock } = this.#options;
    const { uid, namespace } = record;
    const output = new BuildOutput();
    const ending = new AbortController();
    const { signal } = ending;
    this.#outputs.set(uid, output);
    this.#building.set(uid, { since: clock.now(), output, ending, wanted: buildKey(record) });
    this.#version += 1;
    const own = this.#turnsOf.get(namespace) ?? new Turns(1);
    this.#turnsOf.set(namespace, own);
    try {
      const work = async (): Promise<void> => this.#buildInTime(record, output, ending);
      await own.take(async () => this.#builds.take(work, signal), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      output.end();
      this.#building.delete(uid);
      this.#version += 1;
    }
  }

  /** Ends a build that its object has no use for any more. */
  review(record: ContainerRecord, isStopped: boolean): void {
    const build = this.#building.get(record.uid);
    if (build === undefined) return;
    const isWanted = !isStopped && record.deletion === null && record.spec?.desiredState !== "Stopped";
    if (!isWanted || build.wanted !== buildKey(record)) build.ending.abort(buildEnded());
  }

  /** The object is gone. */
  forget(uid: string): void {
    this.#building.get(uid)?.ending.abort(buildEnded());
    this.#entries.delete(uid);
    this.#outputs.delete(uid);
  }

  async #buildInTime(record: ContainerRecord, output: BuildOutput, ending: AbortController): Promise<void> {
    const { clock } = this.#options;
    const cancel = clock.callAt(clock.now() + longestBuildMs, () =>
      ending.abort(buildTooLong(longestBuildMs)),
    );
    try {
      await this.#buildNow(record, output, ending.signal);
    } finally {
      cancel();
    }
  }

  async #buildNow(record: ContainerRecord, output: BuildOutput, signal: AbortSignal): Promise<void> {
    const { runtime, contexts, credentials, instance, bases } = this.#options;
    const request = contextRequestOf(record);
    const { spec, namespace, uid } = record;
    if (request === null || spec?.build === undefined) return;
    await removeLeftovers(record, instance, runtime);
    const { dockerfile, args = {}, target = null } = spec.build;
    const read = await contexts.dockerfile(request, signal);
    await bases.check(read.text, record, signal);
    // Whatever can fail comes first: files that are opened are read to the end.
    const logins = await credentials.loginsFor(namespace);
    const opened = contexts.open(request, read.hash, signal);
    const built = await runtime
      .build({
        tar: opened.tar,
        dockerfile,
        args,
        target,
        labels: ownLabels(record, instance),
        limits: this.#options.limitsOf(record),
        logins,
        onOutput: (text) => output.write(text),
        signal,
      })
      .catch(async (error: unknown) => {
        opened.tar.destroy();
        // What could not be read says more than that the engine missed it.
        await opened.hash.catch((reading: unknown) => {
          if (reading instanceof StalledError) throw reading;
        });
        throw withoutOutput(error, output.step);
      });
    // It may be other files by now than those that the build was decided on.
    const contextHash = await opened.hash;
    await runtime.tag(built, buildReference(record, spec.build, contextHash));
    const entry = this.#entries.get(uid);
    if (entry !== undefined && entry.contextHash !== contextHash) entry.contextHash = contextHash;
  }

  async #read(record: ContainerRecord, request: ContextRequest, entry: Entry): Promise<void> {
    const { contexts, clock, onChange } = this.#options;
    const before = [entry.contextHash, entry.failure?.message];
    try {
      const signature = await contexts.signature(request);
      if (signature !== entry.signature || entry.contextHash === null || entry.failure !== null) {
        entry.contextHash = await contexts.hash(request);
        entry.signature = signature;
      }
      entry.failure = null;
    } catch (error) {
      entry.failure = {
        type: "unbuildable",
        reason: error instanceof Ds01Error ? error.reason : "ContextUnreadable",
        message: describe(error),
      };
    } finally {
      entry.isReading = false;
      entry.readAt = clock.now();
    }
    if (before.join() === [entry.contextHash, entry.failure?.message].join()) return;
    this.#version += 1;
    onChange(record.namespace, record.name);
  }

  /** The image of what the same spec was made from: kept while it runs, and over restarts that nobody asked for. */
  #pinned(record: ContainerRecord): string | null {
    const { spec, namespace, name, memory } = record;
    if (spec === null) return null;
    const made = this.#options.containersOf(record).find(({ config, labels: own }) => {
      const isOfSpec = own[labels.specHash] === specHash(spec);
      return isOfSpec && config.image.startsWith(`${buildRepository(namespace, name)}:`);
    });
    if (made === undefined) return null;
    return isLive(made) || memory.stopCause !== "SpecStopped" ? made.config.image : null;
  }
}

function newEntry(key: string): Entry {
  return {
    key,
    signature: "",
    contextHash: null,
    failure: null,
    readAt: Number.NEGATIVE_INFINITY,
    isReading: false,
  };
}

function describe(error: unknown): string {
  const remedy = error instanceof Ds01Error && error.remedy !== undefined ? `: ${error.remedy}` : "";
  return `${messageOf(error)}${remedy}`;
}
