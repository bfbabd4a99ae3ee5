import { loadavg } from "node:os";
import { median, medianRatio, quantile } from "./statistics.ts";
import type { Pair } from "./statistics.ts";

/** One comparison: what is measured, in pairs, and what the ratio may be. */
export interface Comparison {
  readonly name: string;
  readonly against: string;
  readonly unit: string;
  readonly pairs: readonly Pair[];
  /** Largest ratio that is good; absent for figures without a goal. */
  readonly goal?: number;
}

/** Collects comparisons and single figures, and prints them as one table. */
export class Report {
  readonly #comparisons: Comparison[] = [];
  readonly #figures: (readonly [name: string, text: string])[] = [];

  compare(comparison: Comparison): void {
    if (comparison.pairs.length === 0) throw new Error(`${comparison.name} measured nothing`);
    this.#comparisons.push(comparison);
    process.stderr.write(`${rowOf(comparison).join(" | ")}\n`);
  }

  figure(name: string, text: string): void {
    this.#figures.push([name, text]);
    process.stderr.write(`${name}: ${text}\n`);
  }

  /** A baseline that is not on this machine is named, never assumed. */
  skip(name: string, why: string): void {
    this.figure(name, `SKIPPED: ${why}`);
  }

  /** True when every goal was met. */
  print(): boolean {
    const head = [
      "measured",
      "against",
      "ratio",
      "ours",
      "theirs",
      "p10 ratio",
      "p90 ratio",
      "n",
      "goal",
      "",
    ];
    const rows = [head, head.map(() => "---"), ...this.#comparisons.map(rowOf)];
    process.stdout.write(`${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n\n`);
    for (const [name, text] of this.#figures) process.stdout.write(`- ${name}: ${text}\n`);
    const load = loadavg().map((value) => value.toFixed(2));
    process.stdout.write(`- load average at the end: ${load.join(" ")}\n`);
    return this.#comparisons.every(isMet);
  }
}

function rowOf(comparison: Comparison): string[] {
  const { name, against, unit, pairs, goal } = comparison;
  const [ours, theirs] = [pairs.map((pair) => pair.ours), pairs.map((pair) => pair.theirs)];
  return [
    name,
    against,
    `${medianRatio(pairs).toFixed(3)}x`,
    `${median(ours).toFixed(1)} ${unit}`,
    `${median(theirs).toFixed(1)} ${unit}`,
    `${(quantile(ours, 0.1) / quantile(theirs, 0.1)).toFixed(3)}x`,
    `${(quantile(ours, 0.9) / quantile(theirs, 0.9)).toFixed(3)}x`,
    String(pairs.length),
    goal === undefined ? "-" : `${goal.toFixed(2)}x`,
    goal === undefined ? "" : isMet(comparison) ? "met" : "MISSED",
  ];
}

function isMet({ pairs, goal }: Comparison): boolean {
  return goal === undefined || medianRatio(pairs) <= goal;
}
