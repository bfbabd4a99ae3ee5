/** What an answer is made of: whatever it shows follows from this. */
export interface AnswerBasis {
  /** The cache they are from. */
  readonly of: object;
  /** The objects: another value takes the place of this one when one of them changes. */
  readonly state: object;
  /** To which second ages are told. */
  readonly second: number;
  /** What of it is asked for, how it is to look, and who asks. */
  readonly question: string;
}

interface KeptSecond {
  readonly state: object;
  readonly second: number;
  readonly answers: Map<string, Buffer>;
  bytes: number;
}

/** What a question takes beside its answer, roughly. */
const entryBytes = 512;

/**
 * Long answers for all who ask the same within a second, while nothing changes. Of each cache it keeps no more than
 * `limitBytes`, of its newest state alone: an older one may live on for as long as a watch is slow.
 */
export class KeptAnswers {
  readonly #limitBytes: number;
  readonly #newest = new WeakMap<object, KeptSecond>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The answer as it was given before, else as `make` makes it. */
  get({ of, state, second, question }: AnswerBasis, make: () => Buffer): Buffer {
    const kept = this.#keptOf(of, state, second);
    const known = kept.answers.get(question);
    if (known !== undefined) return known;
    const made = make();
    const bytes = made.length + question.length + entryBytes;
    if (kept.bytes + bytes > this.#limitBytes) return made;
    kept.answers.set(question, made);
    kept.bytes += bytes;
    return made;
  }

  #keptOf(of: object, state: object, second: number): KeptSecond {
    const kept = this.#newest.get(of);
    if (kept?.state === state && kept.second === second) return kept;
    const fresh: KeptSecond = { state, second, answers: new Map(), bytes: 0 };
    this.#newest.set(of, fresh);
    return fresh;
  }
}
