import type { Allocation } from "./allocate.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand } from "./lease.ts";
import type { Reservation } from "./reservations.ts";

/** What is wrong with devices that are right in kind: nothing but that others have them, or more. */
export type Shortage = "DevicesUnhealthy" | "DevicesCordoned" | "WaitingForDevices";

/** What a pass has found out for all demands that ask for the same devices; absent: not asked yet. */
export interface Shape {
  possible?: boolean;
  /** Slices that ds01 could cut for them. */
  cuttable?: readonly Device[];
  leastCost?: number;
  shortage?: Shortage;
  /** What they would get if nobody came first, until something is taken. */
  free?: Allocation;
  /** Whether they would get something if admins had reserved nothing, until something is taken. */
  unbooked?: boolean;
  /** What they get, by the number of reservations in their way, until something is taken or reserved. */
  readonly against: Map<number, Allocation>;
  /** By owner and maxRuntime, until something is taken or reserved; null: nobody knows. */
  readonly starts: Map<string, Reservation | null>;
}

/** Demands are never changed, and many passes look at the same ones. */
const texts = new WeakMap<DeviceDemand, string>();

/** Everything that says which devices fit, and nothing of whose demand it is nor of how long it takes. */
export function shapeText(demand: DeviceDemand): string {
  const known = texts.get(demand);
  if (known !== undefined) return known;
  const {
    uid: _uid,
    namespace: _namespace,
    name: _name,
    priority: _priority,
    submittedAt: _submittedAt,
    ready: _ready,
    reclaims: _reclaims,
    quotaLeft: _quotaLeft,
    quotaText: _quotaText,
    maxRuntimeMs: _maxRuntimeMs,
    ...shape
  } = demand;
  const text = JSON.stringify(shape);
  texts.set(demand, text);
  return text;
}
