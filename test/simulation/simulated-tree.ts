import type { SourcedText, SpecSink, SpecSource } from "../../src/ports/spec-source.ts";
import { sha256 } from "../../src/util/hash.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { TaskOwner, TaskScheduler } from "./task-scheduler.ts";

/** Time between scans that nobody asked for, and while there is nothing to read, in milliseconds. */
const scanMs = 20_000;
const missingMs = 1000;

/** The specs directory, as everybody on the machine sees it. */
export class SimulatedTree {
  /** Path -> text. */
  readonly files = new Map<string, string>();
  /** Why nothing of it can be read; null: it can. */
  unavailable: string | null = null;
  /** True: changes make no events. */
  losesEvents = false;
  readonly #watchers = new Set<(path: string) => void>();

  write(path: string, text: string): void {
    this.files.set(path, text);
    this.#tell(path);
  }

  remove(path: string): void {
    if (this.files.delete(path)) this.#tell(path);
  }

  watch(watcher: (path: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #tell(path: string): void {
    if (this.losesEvents) return;
    for (const watcher of this.#watchers) watcher(path);
  }
}

export interface TreeReaderOptions {
  readonly tree: SimulatedTree;
  readonly owner: TaskOwner;
  readonly scheduler: TaskScheduler;
  readonly clock: SimulatedClock;
}

/** The directory source of one controller: hints after a while, and everything now and then. */
export class SimulatedTreeReader implements SpecSource {
  readonly name = "specs";
  readonly place = { type: "directory", url: "/specs" } as const;
  /** Since when the controller has been told that nothing can be read (time that has gone by); null: it was told that it can. */
  awaySince: number | null = 0;
  readonly #options: TreeReaderOptions;
  readonly #told = new Map<string, string>();
  #sink: SpecSink | undefined;

  constructor(options: TreeReaderOptions) {
    this.#options = options;
  }

  async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    const { tree, owner, scheduler } = this.#options;
    const unwatch = tree.watch((path) => {
      const run = (): void => {
        if (tree.unavailable === null) this.#deliver(path);
      };
      scheduler.add(owner, "owner", { label: `see ${path}`, run });
    });
    signal.addEventListener("abort", unwatch, { once: true });
    await this.rescan();
    this.#planScan();
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  hasDirectory(path: string): boolean {
    const { tree } = this.#options;
    return tree.unavailable === null && [...tree.files.keys()].some((file) => file.startsWith(`${path}/`));
  }

  rescan(): Promise<void> {
    const { owner, scheduler } = this.#options;
    return new Promise((resolve) => {
      const run = (): void => {
        this.#scan();
        resolve();
      };
      scheduler.add(owner, "owner", { label: "read the tree", run });
    });
  }

  #planScan(): void {
    const { owner, scheduler, tree } = this.#options;
    const run = (): void => {
      this.#scan();
      this.#planScan();
    };
    const delayMs = tree.unavailable === null ? scanMs : missingMs;
    scheduler.add(owner, "owner", { label: "read the tree as usual", delayMs, run });
  }

  #scan(): void {
    const { tree, clock } = this.#options;
    if (tree.unavailable !== null) {
      this.awaySince ??= clock.elapsed;
      this.#sink?.unavailable(tree.unavailable);
      return;
    }
    for (const path of new Set([...this.#told.keys(), ...tree.files.keys()])) this.#deliver(path);
    this.awaySince = null;
    this.#sink?.synced(tree.files.size);
  }

  #deliver(path: string): void {
    const text = this.#options.tree.files.get(path);
    if (text === this.#told.get(path)) return;
    if (text === undefined) {
      this.#told.delete(path);
      this.#sink?.remove(path);
      return;
    }
    this.#told.set(path, text);
    const file: SourcedText = { path, text, contentHash: sha256(text), ownerUid: null, ownerName: null };
    this.#sink?.upsert(file);
  }
}
