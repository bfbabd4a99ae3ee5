import type { Clock } from "../ports/clock.ts";

/** A removal through the API shows in the files within moments; what vanishes later was not meant by it. */
const expectedMs = 30_000;

/** Objects whose next disappearance is meant, and who meant it. */
export class ExpectedRemovals {
  readonly #clock: Clock;
  readonly #expected = new Map<string, { readonly actor: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `isGone`: its file is away already, so it is meant until the file is back, however long its source cannot be read. */
  note(key: string, actor: string, isGone: boolean): void {
    this.#expected.set(key, { actor, until: isGone ? Infinity : this.#clock.now() + expectedMs });
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }

  /** Who asked for it; undefined when nobody has, or too long ago. */
  by(key: string): string | undefined {
    const expected = this.#expected.get(key);
    return expected !== undefined && expected.until > this.#clock.now() ? expected.actor : undefined;
  }
}
