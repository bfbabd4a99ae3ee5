import type { AllocationPreview } from "../api/allocation-preview.ts";
import type { GpuAvailability, GpuDetails, GpuUsage } from "../api/gpu-answers.ts";
import type { CandidateTarget, QuotaPreview } from "../api/quota-preview.ts";
import type { LimitsAnswer, UserUsageLine } from "../api/limits-answer.ts";

/** What specs to come say otherwise than those of now: one document each, as it would stand in `path`. */
export interface CandidateSpecs {
  readonly documents: readonly { readonly path: string; readonly text: string }[];
  readonly removed: readonly CandidateTarget[];
}

/** Questions to the controller that no single object answers; devices are looked at anew, nothing is changed. */
export interface Questions {
  /** By slot or UUID, or an unambiguous start of one; undefined when there is no such device. */
  gpuAvailability(reference: string): Promise<GpuAvailability | undefined>;
  gpuDetails(reference: string): Promise<GpuDetails | undefined>;
  gpuUsage(): Promise<GpuUsage>;
  /** Text as it would stand in `path`. */
  allocation(text: string, path: string): Promise<AllocationPreview>;
  /** Also of a user whom this host does not know: the default applies. */
  limits(user: string): Promise<LimitsAnswer>;
  /** Of the users named, in this order; of none: of all who use something. */
  userUsage(users: readonly string[]): Promise<readonly UserUsageLine[]>;
  /** Whom the quotas among them would affect; documents that are wrong count as if they were not there. */
  quotaPreview(candidate: CandidateSpecs): Promise<QuotaPreview>;
}
