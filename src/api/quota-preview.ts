/** Names one object of a candidate; `namespace` is empty for kinds without one. */
export interface CandidateTarget {
  readonly kind: "ContainerSpec" | "QuotaSpec";
  readonly namespace: string;
  readonly name: string;
}

/** Body of `POST .../quota-preview`: what a candidate declares otherwise than the controller has it. */
export interface QuotaPreviewRequest {
  /** Each with its YAML: one document. */
  readonly documents: readonly (CandidateTarget & { readonly text: string })[];
  /** What the candidate has no longer. */
  readonly removed: readonly CandidateTarget[];
}

/** Answer: whom the quotas of a candidate would affect. Nobody is stopped at once by any of it. */
export interface QuotaPreview {
  /** Users who would then have more than their quota allows, by more than now. */
  readonly over: readonly OverQuota[];
  /** Objects for which something would be otherwise than under the quotas of now. */
  readonly objects: readonly AffectedObject[];
}

export interface OverQuota {
  readonly user: string;
  readonly limit: "containers" | "gpuEquivalents";
  readonly used: number;
  readonly allowed: number;
  /** `used` less `allowed`. */
  readonly over: number;
  /** Name of the QuotaSpec that would say so; null: none does. */
  readonly quota: string | null;
  /** `quotas/students.yaml:7`; null where it stands in no file. */
  readonly place: string | null;
  /** What counts, the largest first. */
  readonly objects: readonly { readonly name: string; readonly amount: number }[];
}

/**
 * `queued`: it would wait for quota; `refused`: its container would not be made; `borrows`: its GPUs would count as beyond
 * its owner's quota, so that it may have to give way.
 */
export type QuotaOutcome = "queued" | "refused" | "borrows";

export interface AffectedObject {
  readonly user: string;
  /** `alice/train` */
  readonly name: string;
  readonly outcome: QuotaOutcome;
  /** True: its container runs, and goes on. */
  readonly running: boolean;
  /** The QuotaSpec that would name its owner most closely; null without any. */
  readonly quota: string | null;
  /** WaitingForQuota, WaitingForCohort, ExceedsMaxQuota, ..., Borrowing. */
  readonly reason: string;
  readonly message: string;
}
