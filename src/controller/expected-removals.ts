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

  note(key: string, actor: string): void {
    this.#expected.set(key, { actor, until: this.#clock.now() + expectedMs });
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
