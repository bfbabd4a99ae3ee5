import { stringify } from "yaml";

/** The YAML text of a ContainerSpec: one process that waits, unless `spec` says otherwise. */
export function containerSpec(name: string, spec: object = {}): string {
  return stringify({
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name },
    // A short grace for images whose first process does not listen to SIGTERM.
    spec: { image: "bed/base:1", imagePullPolicy: "Never", stopGracePeriod: "5s", ...spec },
  });
}

/** The YAML text of a ContainerSpec with one GPU, which is free for others as soon as it stops. */
export function gpuSpec(name: string, spec: object = {}): string {
  return containerSpec(name, { gpus: { count: 1 }, lifecycle: { holdGpuAfterStop: "0s" }, ...spec });
}

/** The YAML text of a QuotaSpec. */
export function quotaSpec(name: string, spec: object): string {
  return stringify({ apiVersion: "ds01.io/v1alpha1", kind: "QuotaSpec", metadata: { name }, spec });
}
