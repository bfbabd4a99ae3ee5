import type { CutProfile } from "../core/schedule/cut.ts";

/** Cuts cards in MIG mode into slices and takes slices away; never toggles the mode itself. */
export interface MigCutter {
  /** Cuts a slice at exactly this place; resolves with the id of its GPU instance. */
  create(cardUuid: string, profile: CutProfile, start: number): Promise<number>;
  /** Takes the slice away; rejects while somebody uses it. */
  destroy(cardUuid: string, gpuInstance: number): Promise<void>;
}
