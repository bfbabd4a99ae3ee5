import type { AggregateAmounts } from "../../src/core/quota/aggregate.ts";
import type { AggregateCgroups, HeldMemory } from "../../src/ports/aggregate-cgroups.ts";

/** Cgroups without a kernel. */
export class MemoryCgroups implements AggregateCgroups {
  bootId = "boot-1";
  readonly made = new Map<string, AggregateAmounts>();
  /** Why nothing can be limited; null: it can. */
  failure: string | null = null;
  held: HeldMemory | null = null;

  async exists(_driver: string, parent: string): Promise<boolean> {
    return this.made.has(parent);
  }

  // eslint-disable-next-line typescript/require-await -- a failure must reject
  async limit(
    _driver: string,
    parent: string,
    limits: AggregateAmounts,
  ): Promise<{ written: readonly string[]; held: HeldMemory | null }> {
    if (this.failure !== null) throw new Error(this.failure);
    const before = this.made.get(parent);
    this.made.set(parent, limits);
    return {
      written: JSON.stringify(before) === JSON.stringify(limits) ? [] : ["memoryBytes"],
      held: this.held,
    };
  }
}
