import type { ObservedContainer } from "../observed.ts";
import type { ContainerRecord } from "../record.ts";
import type { Reservation } from "../schedule/claims.ts";
import { groupBy } from "../../util/group-by.ts";
import { findCycles } from "./cycles.ts";
import { dependencyGate, openDependencies, type FindRecord } from "./dependencies.ts";
import { parallelismGates } from "./parallelism.ts";
import { hasStarted } from "./has-started.ts";
import type { StartGate } from "./start-gate.ts";

/** What is looked at to tell what may start. */
export interface Surroundings {
  readonly records: readonly ContainerRecord[];
  readonly containersOf: ReadonlyMap<string, readonly ObservedContainer[]>;
  /** Of whom a container is being made. */
  readonly reservations: ReadonlyMap<string, Reservation>;
}

/** What keeps which object from being started, by uid; only those that something does. */
export function startGates(around: Surroundings): ReadonlyMap<string, StartGate> {
  const { records } = around;
  const gates = new Map<string, StartGate>();
  // Of a thousand objects few name others or are elements, and this is asked at every change.
  if (!records.some(({ spec, source }) => spec?.after !== undefined || source.element !== undefined))
    return gates;
  const byName = new Map(records.map((record) => [`${record.namespace}/${record.name}`, record]));
  const find = (namespace: string, name: string): ContainerRecord | undefined =>
    byName.get(`${namespace}/${name}`);
  for (const [uid, gate] of parallelismGates(around, find)) gates.set(uid, gate);
  const dependent = records.filter(({ spec }) => spec?.after !== undefined);
  for (const [namespace, own] of groupBy(dependent, (record) => record.namespace)) {
    const findOwn: FindRecord = (name) => find(namespace, name);
    const open = new Map(own.map((record) => [record.name, openDependencies(record, findOwn)]));
    const cycleOf = findCycles(open.keys(), (name) => open.get(name) ?? []);
    for (const record of own) {
      // What has started goes on, whatever becomes of what it waited for.
      if (hasStarted(record, around.containersOf.get(record.uid) ?? [])) continue;
      const gate = dependencyGate(record, findOwn, cycleOf(record.name));
      if (gate !== null) gates.set(record.uid, gate);
    }
  }
  return gates;
}
