/** What an answer is made of: whatever it shows follows from this. */
export interface AnswerBasis {
  /** The objects: another value takes the place of this one when one of them changes. */
  readonly state: object;
  /** To which second ages are told. */
  readonly second: number;
  /** What of it is asked for, how it is to look, and who asks. */
  readonly question: string;
}

interface KeptSecond {
  readonly second: number;
  readonly answers: Map<string, Buffer>;
  bytes: number;
}

/** What a question takes beside its answer, roughly. */
const entryBytes = 512;

/**
 * Long answers for all who ask the same within a second, while nothing changes. Of one state it keeps no more than
 * `limitBytes`, and those go with it.
 */
export class KeptAnswers {
  readonly #limitBytes: number;
  readonly #seconds = new WeakMap<object, KeptSecond>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The answer as it was given before, else as `make` makes it. */
  get({ state, second, question }: AnswerBasis, make: () => Buffer): Buffer {
    const kept = this.#keptOf(state, second);
    const known = kept.answers.get(question);
    if (known !== undefined) return known;
    const made = make();
    const bytes = made.length + question.length + entryBytes;
    if (kept.bytes + bytes > this.#limitBytes) return made;
    kept.answers.set(question, made);
    kept.bytes += bytes;
    return made;
  }

  #keptOf(state: object, second: number): KeptSecond {
    const kept = this.#seconds.get(state);
    if (kept?.second === second) return kept;
    const fresh: KeptSecond = { second, answers: new Map(), bytes: 0 };
    this.#seconds.set(state, fresh);
    return fresh;
  }
}
