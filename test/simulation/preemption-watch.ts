/** What was settled may be asked anew by what people do; between two things that they do nobody takes turns. */
export class PreemptionWatch {
  /** `alice/one` -> whom it has given way to since the world was changed last. */
  readonly #gaveWayTo = new Map<string, Set<string>>();

  /** People, or machines, have changed something. */
  changed(): void {
    this.#gaveWayTo.clear();
  }

  /** An object gives way to another; who gives way to each other in turn (I8), or null. */
  gaveWay(victim: string, to: string): string | null {
    const before = this.#gaveWayTo.get(victim) ?? new Set();
    this.#gaveWayTo.set(victim, before.add(to));
    return this.#reaches(to, victim, new Set()) ? `${victim} gives way to ${to}, which gave way to it` : null;
  }

  #reaches(from: string, to: string, seen: Set<string>): boolean {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...(this.#gaveWayTo.get(from) ?? [])].some((next) => this.#reaches(next, to, seen));
  }
}
