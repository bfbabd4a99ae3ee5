import type { ContainerSpecSpec } from "../../api/container.ts";
import { canonicalJson, sha256 } from "../../util/hash.ts";
import { specHash } from "../plan/spec-hash.ts";
import type { FinishedRun } from "./memory.ts";

/** Runs that ds01 has ended: with another limit they go on. */
const endedByLimit: ReadonlySet<string> = new Set(["MaxRuntimeExceeded", "IdleTimeout"]);

const hashes = new WeakMap<ContainerSpecSpec, string>();

/** Hash of what a run may use (resources, GPUs, time, tries): an edit of it needs no new container. */
export function allowanceHash(spec: ContainerSpecSpec): string {
  const { resources = null, gpus = null, accelerators, backoffLimit, lifecycle } = spec;
  const maxRuntime = lifecycle?.maxRuntime ?? null;
  const idleTimeout = lifecycle?.idleTimeout;
  const hash =
    hashes.get(spec) ??
    sha256(
      canonicalJson({
        resources,
        gpus,
        maxRuntime,
        ...(idleTimeout === undefined ? {} : { idleTimeout }),
        ...(accelerators === undefined ? {} : { accelerators }),
        ...(backoffLimit === undefined ? {} : { backoffLimit }),
      }),
    );
  hashes.set(spec, hash);
  return hash;
}

/** What a run is known by as finished: a sweep's end is none of the container that its spec is without `replicas`. */
export function finishedHash(spec: ContainerSpecSpec): string {
  return spec.replicas === undefined ? specHash(spec) : `sweep:${specHash(spec)}`;
}

/** True while the spec asks for nothing but the run that has ended: one that fell short goes on with more. */
export function isFinished(finished: FinishedRun | null, spec: ContainerSpecSpec): finished is FinishedRun {
  if (finished === null || finished.specHash !== finishedHash(spec)) return false;
  if (finished.state === "Completed" && !endedByLimit.has(finished.reason)) return true;
  return finished.allowanceHash === undefined || finished.allowanceHash === allowanceHash(spec);
}
