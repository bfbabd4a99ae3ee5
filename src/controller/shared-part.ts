import type { StoredRecord } from "../core/record.ts";
import { wasKeptBack } from "../core/schedule/demands.ts";

/** Everything of a record but what only its owner is told, and when it came into its state. */
export function sharedPart(record: StoredRecord): unknown {
  const rest = { ...record, resourceVersion: 0, status: undefined };
  if (record.kind !== "ContainerSpec") return rest;
  const memory = { ...record.memory, state: undefined, since: undefined };
  // That a hold is over is told by nothing but the time, and others wait for it.
  const released = record.memory.state === "Released";
  const waitsForQuota = record.status.reason === "WaitingForQuota";
  return { ...rest, memory, released, waitsForQuota, keptBack: wasKeptBack(record) };
}
