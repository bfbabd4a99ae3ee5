import type { Step } from "../core/plan/step.ts";
import { WaitingError } from "../util/errors.ts";

/** Files come from where users say, which may be slow: the other workers stay free for everybody else. */
const mostAtOnce = 2;

/** Keeps copies into containers from holding all workers. */
export class SeedTurns {
  #running = 0;

  /** Runs at once, or throws WaitingError `CopyWaiting` where enough others are at it; volumes alone cost nothing. */
  async run(
    { name, copies }: Pick<Extract<Step, { do: "seed" }>, "name" | "copies">,
    seed: () => Promise<void>,
  ): Promise<void> {
    if (copies.length === 0) return seed();
    if (this.#running >= mostAtOnce) {
      throw new WaitingError({
        reason: "CopyWaiting",
        message: `nothing is copied into ${name} yet: files are being copied into ${mostAtOnce} others`,
      });
    }
    this.#running += 1;
    try {
      await seed();
    } finally {
      this.#running -= 1;
    }
  }
}
