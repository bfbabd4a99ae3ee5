import { PassThrough, type Readable } from "node:stream";

/** Of a longer output the newest part is kept. */
const keptCharacters = 256 * 1024;

/** What one build has written, as far as it is kept, and what it goes on to write. */
export class BuildOutput {
  readonly #followers = new Set<PassThrough>();
  #text = "";
  #step = "";
  #isCut = false;
  #hasEnded = false;

  write(text: string): void {
    const [, place, instruction] = /^Step (\d+\/\d+) : ([A-Za-z]+)/.exec(text) ?? [];
    if (place !== undefined) this.#step = `step ${place} (${instruction?.toUpperCase()})`;
    const next = this.#text + text;
    this.#isCut ||= next.length > keptCharacters;
    this.#text = next.slice(-keptCharacters);
    for (const follower of this.#followers) {
      // Whoever does not read does not make the controller remember for them.
      if (!follower.write(text)) this.#dropSlow(follower);
    }
  }

  end(): void {
    this.#hasEnded = true;
    for (const follower of this.#followers) follower.end();
    this.#followers.clear();
  }

  /** How far it is, in words that say nothing of what is built: `step 2/4 (RUN)`; empty before the first. */
  get step(): string {
    return this.#step;
  }

  /** With `follow` until the build ends. `tail`: only so many lines of what is there. */
  open({ follow, tail }: { readonly follow: boolean; readonly tail: number | null }): Readable {
    const stream = new PassThrough({ highWaterMark: keptCharacters * 4 });
    const text = this.#isCut ? `(the beginning is not kept)\n${this.#text}` : this.#text;
    stream.write(tail === null ? text : lastLinesOf(text, tail));
    if (!follow || this.#hasEnded) return stream.end();
    this.#followers.add(stream);
    stream.once("close", () => this.#followers.delete(stream));
    return stream;
  }

  #dropSlow(follower: PassThrough): void {
    this.#followers.delete(follower);
    follower.end("(too slow: the rest is not shown)\n");
  }
}

function lastLinesOf(text: string, count: number): string {
  const lines = text.replace(/\n$/, "").split("\n");
  return count === 0 ? "" : `${lines.slice(-count).join("\n")}\n`;
}
