import type { FailPoint, Moment } from "../bed/fail-points.ts";

/**
 * The moments at which a kill leaves a world of its own: before each effect, and in each call of the engine or another
 * program and right after it. What a kill after a change of a file leaves is what one before the next effect leaves.
 * Of lines in logs, which nothing reads back, and of files that nobody sees before they are renamed, the first of each
 * kind stand for all.
 *
 * First come those that have more to go wrong: kinds of effects of which none is in `shown`, the engine before programs
 * before files, then the further ones of a kind. Programs that only read change nothing while they run.
 */
export function failPointsOf(
  effects: readonly string[],
  shown: ReadonlySet<string> = new Set(),
): readonly FailPoint[] {
  const points: FailPoint[] = [];
  const counts = new Map<string, number>();
  for (const kind of effects) {
    const nth = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, nth);
    if (nth > 1 && isUnseen(kind)) continue;
    for (const moment of momentsOf(kind)) points.push({ kind, nth, moment });
  }
  const rank = ({ kind, nth, moment }: FailPoint): number =>
    (shown.has(kind) ? 10_000 : 0) + (nth - 1) * 100 + momentsOf(kind).indexOf(moment) * 10 + rankOf(kind);
  return points.toSorted((a, b) => rank(a) - rank(b));
}

function momentsOf(kind: string): readonly Moment[] {
  return rankOf(kind) < 2 ? ["after", "during", "before"] : ["before"];
}

function isUnseen(kind: string): boolean {
  return /^append |^write .*\.tmp$/.test(kind);
}

function rankOf(kind: string): number {
  if (/^(?:POST|PUT|DELETE|PATCH) /.test(kind)) return 0;
  if (kind.startsWith("git ")) return /^git (?:rev-parse|rev-list|ls-tree)$/.test(kind) ? 3 : 1;
  return isUnseen(kind) ? 3 : 2;
}
