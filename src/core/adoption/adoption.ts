import { labels } from "../../api/names.ts";
import type { ObservedContainer } from "../observed.ts";
import type { Injection } from "../schedule/injection.ts";

/**
 * A container that ds01 did not make and that stands for a spec all the same. Docker's labels cannot be written after
 * create, so what they would say is kept here, by the id that no other container will ever have.
 */
export interface Adoption {
  /** 64 hex digits. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of the spec that describes the container: with this one nothing about it is outdated. */
  readonly specHash: string;
  readonly gpuUuids: readonly string[];
  readonly gpuSlots: readonly string[];
  /** As in the label of slices; empty for whole GPUs. */
  readonly gpuSlices: string;
  /** When it was adopted (milliseconds since the epoch), and by whom. */
  readonly at: number;
  readonly by: string;
  readonly injection: Injection | "none";
}

const ownLabels: ReadonlySet<string> = new Set(Object.values(labels));

/** The container as if ds01 had made it; labels under the same names that other tools wrote do not count. */
export function withAdoption(
  container: ObservedContainer,
  adoption: Adoption,
  instance: string,
): ObservedContainer {
  const others = Object.entries(container.labels).filter(([label]) => !ownLabels.has(label));
  return { ...container, labels: { ...Object.fromEntries(others), ...virtualLabels(adoption, instance) } };
}

function virtualLabels(adoption: Adoption, instance: string): Record<string, string> {
  const { gpuUuids, gpuSlots, gpuSlices } = adoption;
  return {
    [labels.managed]: "true",
    [labels.adopted]: "true",
    [labels.user]: adoption.namespace,
    [labels.name]: adoption.name,
    [labels.uid]: adoption.uid,
    [labels.generation]: "1",
    [labels.specHash]: adoption.specHash,
    [labels.gpuUuids]: gpuUuids.join(","),
    [labels.gpuSlots]: gpuSlots.join(","),
    ...(gpuSlices === "" ? {} : { [labels.gpuSlices]: gpuSlices }),
    [labels.gpuAllocated]: gpuUuids.length === 0 ? "" : new Date(adoption.at).toISOString(),
    [labels.injection]: adoption.injection,
    [labels.instance]: instance,
  };
}

/** Its name, its restart policy and what no spec says about it stay as they were made: nothing of it is put right. */
export function isAdopted({ labels: own }: Pick<ObservedContainer, "labels">): boolean {
  return own[labels.adopted] === "true";
}
