import { labels } from "../api/names.ts";

interface Mark {
  readonly labels: Readonly<Record<string, string>>;
  readonly at: number;
}

/** So many that are gone are remembered: no answer is under way for longer than so many vanish. */
const rememberedGone = 1000;

/**
 * Which containers may have news, and which answers about them are older than others. An answer clears only marks
 * made before its question: what happened meanwhile may not be in it.
 */
export class StaleMarks {
  readonly #marks = new Map<string, Mark>();
  readonly #askedAt = new Map<string, number>();
  readonly #gone = new Set<string>();
  /** Counts marks and questions, to tell which came first. */
  #moment = 0;

  mark(id: string, containerLabels: Readonly<Record<string, string>>): void {
    this.#moment += 1;
    this.#marks.set(id, { labels: containerLabels, at: this.#moment });
  }

  has(id: string): boolean {
    return this.#marks.has(id);
  }

  /** Marked ids: those of one uid, or all. */
  due(uid?: string): readonly string[] {
    return [...this.#marks].flatMap(([id, { labels: own }]) =>
      uid === undefined || own[labels.uid] === uid ? [id] : [],
    );
  }

  /** The moment of a question that is asked now. */
  ask(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** An answer has come; false when one to a later question was taken already. */
  answered(id: string, asked: number): boolean {
    const mark = this.#marks.get(id);
    if (mark !== undefined && mark.at < asked) this.#marks.delete(id);
    if ((this.#askedAt.get(id) ?? 0) > asked) return false;
    this.#askedAt.set(id, asked);
    this.#gone.delete(id);
    return true;
  }

  /** The container is gone: answers to questions asked before now would bring it back. */
  drop(id: string): void {
    this.#marks.delete(id);
    this.#askedAt.set(id, this.ask());
    this.#gone.delete(id);
    this.#gone.add(id);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= rememberedGone) return;
      this.#gone.delete(oldest);
      this.#askedAt.delete(oldest);
    }
  }
}
