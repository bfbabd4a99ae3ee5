/** After this long a look counts half as much. */
const halfLifeMs = 5 * 60_000;

interface Mean {
  readonly percent: number;
  readonly at: number;
}

/** How busy each GPU was over the last minutes: a mean in which older looks fade. */
export class RecentUtilization {
  readonly #means = new Map<string, Mean>();

  /** Takes a look at time `now` (milliseconds of any clock) in; whole percent, null before the first known number. */
  add(uuid: string, percent: number | null, now: number): number | null {
    const before = this.#means.get(uuid);
    if (percent !== null) {
      const fading = before === undefined ? 0 : 0.5 ** (Math.max(0, now - before.at) / halfLifeMs);
      this.#means.set(uuid, { percent: (before?.percent ?? 0) * fading + percent * (1 - fading), at: now });
    }
    const mean = this.#means.get(uuid);
    return mean === undefined ? null : Math.round(mean.percent);
  }
}
