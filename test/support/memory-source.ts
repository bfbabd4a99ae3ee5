import type { RefusedFile, SourcedText, SpecSink, SpecSource } from "../../src/ports/spec-source.ts";
import { sha256 } from "../../src/util/hash.ts";

/** A SpecSource whose files a test writes; it delivers its full set when it is run, then each change at once. */
export class MemorySource implements SpecSource {
  readonly name: string;
  readonly place: SpecSource["place"];
  readonly #files = new Map<string, SourcedText | RefusedFile>();
  #sink: SpecSink | undefined;
  #unavailable: string | undefined;
  /** Directories that are gone as a whole. */
  readonly missingDirectories = new Set<string>();

  constructor(name = "specs", place: SpecSource["place"] = { type: "directory", url: "/specs" }) {
    this.name = name;
    this.place = place;
  }

  async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#sink = sink;
    await this.rescan();
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#sink = undefined;
  }

  hasDirectory(path: string): boolean {
    return !this.missingDirectories.has(path);
  }

  async rescan(): Promise<void> {
    if (this.#unavailable !== undefined) {
      this.#sink?.unavailable(this.#unavailable);
      return;
    }
    for (const file of this.#files.values()) this.#deliver(file);
    this.#sink?.synced(this.#files.size);
  }

  /** Puts a file in place; `owner` is who wrote it, absent where the path decides. */
  write(path: string, text: string, owner?: { readonly uid: number; readonly name: string }): void {
    const file: SourcedText = {
      path,
      text,
      contentHash: sha256(text),
      ownerUid: owner?.uid ?? null,
      ownerName: owner?.name ?? null,
    };
    this.#files.set(path, file);
    if (this.#unavailable === undefined) this.#deliver(file);
  }

  /** Puts a file in place that may not be read. */
  refuse(path: string, reason: string, message: string): void {
    const file = { path, reason, message };
    this.#files.set(path, file);
    if (this.#unavailable === undefined) this.#deliver(file);
  }

  remove(path: string): void {
    if (this.#files.delete(path) && this.#unavailable === undefined) this.#sink?.remove(path);
  }

  /** From now on nothing can be read, until `restore`. */
  vanish(message: string): void {
    this.#unavailable = message;
    this.#sink?.unavailable(message);
  }

  async restore(): Promise<void> {
    this.#unavailable = undefined;
    await this.rescan();
  }

  #deliver(file: SourcedText | RefusedFile): void {
    if ("text" in file) this.#sink?.upsert(file);
    else this.#sink?.refuse(file);
  }
}
