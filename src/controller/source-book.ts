import { fileCount } from "../core/file-count.ts";
import type { SyncReport, SpecSource } from "../ports/spec-source.ts";

/** How far the reading of a source has come: `unread` until it says something for the first time. */
export type SourceState =
  | { readonly type: "unread" }
  | { readonly type: "synced"; readonly files: number }
  | { readonly type: "unavailable"; readonly message: string };

/** A source with all that is known of it. */
export interface KnownSource {
  readonly source: Pick<SpecSource, "name" | "place">;
  readonly state: SourceState;
  /** Null for sources that are nowhere else, and before the first attempt. */
  readonly report: SyncReport | null;
}

/** Which sources have been read, and how their last reading went. */
export class SourceBook {
  readonly #known: Map<string, KnownSource>;
  readonly #onChange: (known: KnownSource, before: KnownSource) => void;
  readonly #read = new Set<string>();
  #onReport: (known: KnownSource) => void = () => undefined;

  constructor(
    sources: readonly Pick<SpecSource, "name" | "place">[],
    onChange: (known: KnownSource, before: KnownSource) => void,
  ) {
    this.#known = new Map(
      sources.map((source) => [source.name, { source, state: { type: "unread" }, report: null }]),
    );
    this.#onChange = onChange;
  }

  list(): readonly KnownSource[] {
    return [...this.#known.values()];
  }

  /** Undefined: the configuration has no such source, any more. */
  stateOf(name: string): SourceState | undefined {
    return this.#known.get(name)?.state;
  }

  /** The revision of a source that is in effect; null where it has none, or none yet. */
  revisionOf(name: string): string | null {
    return this.#known.get(name)?.report?.appliedRevision ?? null;
  }

  /** True once all sources were asked, also when one did not answer. */
  get allAsked(): boolean {
    return this.list().every(({ state }) => state.type !== "unread");
  }

  /** Names of sources that were not read in full since the start: nobody knows what they declare. */
  get neverRead(): readonly string[] {
    return [...this.#known.keys()].filter((name) => !this.#read.has(name));
  }

  get allSynced(): boolean {
    return this.list().every(({ state }) => state.type === "synced");
  }

  /** Whether what the source says is known in full; of one that is gone, when all others are. */
  isSynced(name: string): boolean {
    const state = this.stateOf(name);
    return state === undefined ? this.allSynced : state.type === "synced";
  }

  /** One sentence on all of them. */
  get message(): string {
    const [first, ...others] = this.list().map((known) => describe(known));
    if (others.length === 0) return first?.said ?? "no source";
    return [first, ...others].map((one) => `${one?.name}: ${one?.said}`).join("; ");
  }

  setState(name: string, state: SourceState): void {
    if (state.type === "synced") this.#read.add(name);
    this.#change(name, { state });
  }

  setReport(name: string, report: SyncReport): void {
    this.#change(name, { report });
  }

  /** Is called when an attempt has ended, also with nothing new. */
  set onReport(listener: (known: KnownSource) => void) {
    this.#onReport = listener;
  }

  #change(name: string, change: Partial<Pick<KnownSource, "state" | "report">>): void {
    const before = this.#known.get(name);
    if (before === undefined) return;
    const known = { ...before, ...change };
    this.#known.set(name, known);
    this.#onChange(known, before);
    if (change.report !== undefined) this.#onReport(known);
  }
}

function describe({ source: { name }, state }: KnownSource): {
  readonly name: string;
  readonly said: string;
} {
  if (state.type === "unread") return { name, said: "not read yet" };
  return { name, said: state.type === "synced" ? fileCount(state.files) : state.message };
}
