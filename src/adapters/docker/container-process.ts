import type { ContainerCreateOptions } from "dockerode";
import type { ContainerProcess } from "../../core/observed.ts";
import type { InspectJson } from "./inspect-json.ts";

/** The part of Docker's create call about the first process; what is null is left to image and engine. */
export function translateProcess(process: ContainerProcess): ContainerCreateOptions {
  const { tty, stdin, stopSignal, hostname } = process;
  return {
    ...(tty ? { Tty: true } : {}),
    ...(stdin ? { OpenStdin: true } : {}),
    ...(stopSignal === null ? {} : { StopSignal: stopSignal }),
    ...(hostname === null ? {} : { Hostname: hostname }),
  };
}

/** The same of `HostConfig`. */
export function translateProcessHost({
  init,
  extraHosts,
}: ContainerProcess): NonNullable<ContainerCreateOptions["HostConfig"]> {
  return {
    ...(init === null ? {} : { Init: init }),
    ...(extraHosts.length === 0 ? {} : { ExtraHosts: [...extraHosts] }),
  };
}

/** What inspect says of it. */
export function observedProcess({ Config: config, HostConfig: host }: InspectJson): ContainerProcess {
  return {
    tty: config.Tty === true,
    stdin: config.OpenStdin === true,
    init: host.Init ?? null,
    stopSignal: config.StopSignal || null,
    hostname: config.Hostname || null,
    extraHosts: (host.ExtraHosts ?? []).toSorted(),
  };
}
