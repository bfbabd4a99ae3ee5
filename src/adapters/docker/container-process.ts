import type { ContainerCreateOptions } from "dockerode";
import type { ContainerHealthCheck, ContainerProcess } from "../../core/observed.ts";
import type { InspectHealthcheck, InspectJson } from "./inspect-json.ts";

/** The part of Docker's create call about the first process; what is null is left to image and engine. */
export function translateProcess(process: ContainerProcess): ContainerCreateOptions {
  const { tty, stdin, stopSignal, hostname } = process;
  return {
    ...(tty ? { Tty: true } : {}),
    ...(stdin ? { OpenStdin: true } : {}),
    ...(stopSignal === null ? {} : { StopSignal: stopSignal }),
    ...(hostname === null ? {} : { Hostname: hostname }),
    ...translateHealthCheck(process.healthCheck),
  };
}

const nanosecondsAMillisecond = 1_000_000;

/** Absent parts are the image's; without any, nothing is said at all. */
function translateHealthCheck(check: ContainerHealthCheck): ContainerCreateOptions {
  const nanoseconds = (milliseconds: number): number => milliseconds * nanosecondsAMillisecond;
  const { test, intervalMs, timeoutMs, startPeriodMs, retries } = check;
  const parts = {
    ...(test === null ? {} : { Test: [...test] }),
    ...(intervalMs === null ? {} : { Interval: nanoseconds(intervalMs) }),
    ...(timeoutMs === null ? {} : { Timeout: nanoseconds(timeoutMs) }),
    ...(startPeriodMs === null ? {} : { StartPeriod: nanoseconds(startPeriodMs) }),
    ...(retries === null ? {} : { Retries: retries }),
  };
  return Object.keys(parts).length === 0 ? {} : { Healthcheck: parts };
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
    healthCheck: observedHealthCheck(config.Healthcheck ?? {}),
    hostname: config.Hostname || null,
    extraHosts: (host.ExtraHosts ?? []).toSorted(),
  };
}

function observedHealthCheck(check: InspectHealthcheck): ContainerHealthCheck {
  const milliseconds = (nanoseconds: number | undefined): number | null =>
    nanoseconds === undefined || nanoseconds <= 0 ? null : nanoseconds / nanosecondsAMillisecond;
  return {
    test: check.Test ?? null,
    intervalMs: milliseconds(check.Interval),
    timeoutMs: milliseconds(check.Timeout),
    startPeriodMs: milliseconds(check.StartPeriod),
    retries: check.Retries === undefined || check.Retries <= 0 ? null : check.Retries,
  };
}
