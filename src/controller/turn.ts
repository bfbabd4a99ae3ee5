import type { DeviceDemand, Lease } from "../core/schedule/lease.ts";

/** A demand and the leases that it met when it was its turn. */
export interface Turn {
  readonly demand: DeviceDemand;
  readonly leases: readonly Lease[];
}
