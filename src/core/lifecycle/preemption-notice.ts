import type { PreemptionNotice } from "./memory.ts";
import type { Situation } from "./situation.ts";

/** `gives way to bob/train: its GPU 1 is beyond the quota of alice (quotas/students.yaml:7)`. */
export function describeNotice(
  { world: { claim, devices, quota } }: Pick<Situation, "world">,
  { by, because }: PreemptionNotice,
): string {
  const slots = devices.filter(({ uuid }) => claim?.deviceUuids.includes(uuid)).map(({ slot }) => slot);
  const held = slots.length === 0 ? "what it holds" : `GPU ${slots.join(", ")}`;
  const { place } = quota.gpuNominal.origin;
  const where = place === null ? "" : ` (${place})`;
  return because === "borrowed"
    ? `gives way to ${by}, which is within its quota: ${held} is beyond the quota of ${quota.user}${where}`
    : `gives way to ${by}, which has a higher priority: the spec says preemptible`;
}
