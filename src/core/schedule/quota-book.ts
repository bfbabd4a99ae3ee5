import { fitsWithin } from "../quota/gpu-equivalents.ts";
import type { DeviceDemand } from "./lease.ts";

/** GPU-equivalents given out during one pass, so that several demands of one owner share one allowance. */
export class QuotaBook {
  readonly #spent = new Map<string, number>();

  /** What the demand may still take, borrowed or not; null is unlimited. */
  left(demand: DeviceDemand): number | null {
    const nominal = this.#nominalLeft(demand);
    const { borrowing } = demand;
    if (nominal === null || borrowing === undefined) return nominal;
    return borrowing.limit === null ? null : nominal + borrowing.limit;
  }

  /** True when it may take so much at all, be it borrowed. */
  fits(demand: DeviceDemand, cost: number): boolean {
    const left = this.left(demand);
    return left === null || cost === 0 || fitsWithin(cost, left);
  }

  /** True when it needs to borrow nothing for it. */
  fitsNominal(demand: DeviceDemand, cost: number): boolean {
    const left = this.#nominalLeft(demand);
    return left === null || cost === 0 || fitsWithin(cost, left);
  }

  /** What was given to the namespace during this pass. */
  spent(namespace: string): number {
    return this.#spent.get(namespace) ?? 0;
  }

  spend(demand: DeviceDemand, cost: number): void {
    this.#spent.set(demand.namespace, this.spent(demand.namespace) + cost);
  }

  #nominalLeft({ quotaLeft, namespace }: DeviceDemand): number | null {
    return quotaLeft === null ? null : quotaLeft - this.spent(namespace);
  }
}
