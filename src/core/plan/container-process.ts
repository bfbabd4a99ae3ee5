import type { ContainerSpecSpec } from "../../api/container.ts";
import type { ContainerProcess } from "../observed.ts";

/** How a container is run that says nothing about it. */
export const plainProcess: ContainerProcess = {
  tty: false,
  stdin: false,
  init: null,
  stopSignal: null,
  hostname: null,
  extraHosts: [],
};

/** How the spec wants its first process run. */
export function wantedProcess(spec: ContainerSpecSpec): ContainerProcess {
  const { tty = false, stdin = false, init = null, stopSignal = null, hostname = null } = spec;
  const extraHosts = (spec.hostAliases ?? [])
    .flatMap(({ ip, hostnames }) => hostnames.map((name) => `${name}:${ip}`))
    .toSorted();
  return { tty, stdin, init, stopSignal, hostname, extraHosts };
}

/** Field -> found and wanted, for what differs; what the spec leaves to image and engine is not compared. */
export function processDrift(
  wanted: ContainerProcess,
  found: ContainerProcess,
): readonly (readonly [field: string, wanted: unknown, found: unknown])[] {
  return Object.entries(wanted).flatMap(([field, value]) => {
    const own: unknown = found[field as keyof ContainerProcess];
    return value === null ? [] : [[field === "extraHosts" ? "hostAliases" : field, value, own] as const];
  });
}
