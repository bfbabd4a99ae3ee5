import { groupBy } from "../../util/group-by.ts";
import { isFinished } from "../lifecycle/finished-run.ts";
import type { ContainerRecord } from "../record.ts";
import type { StartGate } from "./start-gate.ts";
import type { Surroundings } from "./start-gates.ts";

/** Which elements of sweeps wait until others of them have ended, by uid. The lower index comes first. */
export function parallelismGates(
  { records, containersOf, reservations }: Surroundings,
  find: (namespace: string, name: string) => ContainerRecord | undefined,
): ReadonlyMap<string, StartGate> {
  const gates = new Map<string, StartGate>();
  const elements = records.filter(({ source }) => source.element !== undefined);
  const isActive = ({ uid, memory, spec }: ContainerRecord): boolean =>
    reservations.has(uid) ||
    ((containersOf.get(uid)?.length ?? 0) > 0 && (spec === null || !isFinished(memory.finished, spec)));
  for (const [key, own] of groupBy(elements, sweepKey)) {
    const [namespace = "", name = ""] = key.split("/");
    const parallelism = find(namespace, name)?.spec?.parallelism;
    if (parallelism === undefined) continue;
    const active = new Set(own.filter(isActive));
    const waiting = own.filter((record) => !active.has(record) && isToRun(record));
    for (const { uid } of waiting.toSorted(byIndex).slice(Math.max(0, parallelism - active.size))) {
      const message = `${active.size} of the containers of ${key} are there; it starts when fewer than ${parallelism} are (spec.parallelism), the lowest index first`;
      gates.set(uid, { reason: "WaitingForParallelism", message });
    }
  }
  return gates;
}

function sweepKey({ namespace, source }: ContainerRecord): string {
  return `${namespace}/${source.element?.of ?? ""}`;
}

function isToRun({ spec, memory, deletion }: ContainerRecord): boolean {
  if (spec === null || deletion !== null || spec.desiredState === "Stopped") return false;
  return !isFinished(memory.finished, spec);
}

function byIndex(one: ContainerRecord, other: ContainerRecord): number {
  return (one.source.element?.index ?? 0) - (other.source.element?.index ?? 0);
}
