import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../../ports/log.ts";
import type { SpecSink } from "../../ports/spec-source.ts";
import { sha256 } from "../../util/hash.ts";
import { ownerOf } from "./ownership.ts";
import type { OwnershipRules } from "./ownership.ts";
import { SettleWatch } from "./settle-watch.ts";
import { readSpecFile, sameSignature, signatureOf } from "./spec-file.ts";
import type { FileReading, Refusal, Signature } from "./spec-file.ts";

/** What was last told about a path. */
interface Told {
  /** Undefined: look again at the next scan, whatever its stat says. */
  readonly signature: Signature | undefined;
  /** Equal words mean that there is nothing new to tell. */
  readonly words: string;
}

export interface ToldFilesOptions extends OwnershipRules {
  readonly log: Log;
  readonly sink: SpecSink;
  /** The specs root as it is now, without symbolic links. */
  readonly realRoot: () => string;
  /** A file that was told of is not there; whether it is gone for sure is for the caller to find out. */
  readonly onAbsent: (path: string) => void;
}

/** A file that was written this recently could be written again within the granularity of its timestamps. */
const racyMs = 2000;

/** What the sink was told about each file; looks at single files and tells what is new. */
export class ToldFiles {
  readonly #options: ToldFilesOptions;
  readonly #told = new Map<string, Told>();
  readonly #checks = new Map<string, { again: boolean; readonly done: Promise<void> }>();
  readonly #settle = new SettleWatch();

  constructor(options: ToldFilesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#told.size;
  }

  paths(): readonly string[] {
    return [...this.#told.keys()];
  }

  /** Whether a file that still has this signature has nothing new to tell. */
  isCurrent(path: string, signature: Signature | undefined): boolean {
    const told = this.#told.get(path)?.signature;
    return told !== undefined && signature !== undefined && sameSignature(told, signature);
  }

  /** Takes what the watcher says about a file, and looks at it. */
  async hint(path: string, happened: "name" | "content"): Promise<void> {
    this.#settle.noteHint(path, happened);
    await this.check(path);
  }

  /** Looks at one path; a call during a look makes it look once more. */
  async check(path: string): Promise<void> {
    const running = this.#checks.get(path);
    if (running !== undefined) {
      running.again = true;
      await running.done;
      return;
    }
    const check = {
      again: false,
      // Begins in a microtask, when the entry below is in place.
      done: Promise.resolve().then(async () => {
        try {
          do {
            check.again = false;
            await this.#look(path);
          } while (check.again);
        } catch (error) {
          this.#options.log.error({ err: error, path }, `looking at the spec file ${path} failed`);
        } finally {
          this.#checks.delete(path);
        }
      }),
    };
    this.#checks.set(path, check);
    await check.done;
  }

  refuse(path: string, refusal: Refusal): void {
    // Without a signature: who may own a file, for one, can change without the file.
    const told = { signature: undefined, words: `refused ${refusal.reason} ${refusal.message}` };
    this.#tell(path, told, () => this.#options.sink.refuse({ path, ...refusal }));
  }

  remove(path: string): void {
    if (this.#told.delete(path)) this.#options.sink.remove(path);
  }

  async #look(path: string): Promise<void> {
    const reading = await this.#settled(path);
    if (reading.kind === "absent") {
      if (this.#told.has(path)) this.#options.onAbsent(path);
      return;
    }
    if (reading.kind === "refused") {
      this.refuse(path, reading.refusal);
      return;
    }
    const { text, stats } = reading;
    const owner = await ownerOf(path, stats, this.#options);
    if ("refusal" in owner) {
      this.refuse(path, owner.refusal);
      return;
    }
    const contentHash = sha256(text);
    const told = {
      signature: Date.now() - stats.mtimeMs < racyMs ? undefined : signatureOf(stats),
      words: `text ${contentHash} ${owner.uid}`,
    };
    const document = { path, text, contentHash, ownerUid: owner.uid, ownerName: owner.name };
    this.#tell(path, told, () => this.#options.sink.upsert(document));
  }

  /** Reads a file when nobody is in the middle of writing it, as far as one can see. */
  async #settled(path: string): Promise<FileReading> {
    const startedAt = performance.now();
    for (;;) {
      const reading = readSpecFile(this.#options.realRoot(), path);
      if (reading.kind === "absent" || this.#isTold(path, reading)) return reading;
      if (this.#settle.isAtRest(reading, startedAt)) return reading;
      // Lets the watcher speak first: the first turn ends this round of the loop, the second comes after the
      // next round has asked the kernel.
      await nextTurn();
      await nextTurn();
      if (this.#settle.cameComplete(path, reading)) return reading;
      await sleep(this.#settle.waitMs);
    }
  }

  #isTold(path: string, reading: FileReading): boolean {
    const words = this.#told.get(path)?.words;
    return (
      reading.kind === "text" && words !== undefined && words.startsWith(`text ${sha256(reading.text)} `)
    );
  }

  #tell(path: string, told: Told, tell: () => void): void {
    const before = this.#told.get(path)?.words;
    this.#told.set(path, told);
    if (before !== told.words) tell();
  }
}
