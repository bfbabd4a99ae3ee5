import type { ContainerSpecSpec } from "../../api/container.ts";
import { parseDuration } from "../../util/duration.ts";
import type { ContainerHealthCheck, ContainerProcess } from "../observed.ts";

/** How a container is run that says nothing about it. */
export const plainProcess: ContainerProcess = {
  tty: false,
  stdin: false,
  init: null,
  stopSignal: null,
  healthCheck: { test: null, intervalMs: null, timeoutMs: null, startPeriodMs: null, retries: null },
  hostname: null,
  extraHosts: [],
};

/** How the spec wants its first process run. */
export function wantedProcess(spec: ContainerSpecSpec): ContainerProcess {
  const { tty = false, stdin = false, init = null, stopSignal = null, hostname = null } = spec;
  const extraHosts = (spec.hostAliases ?? [])
    .flatMap(({ ip, hostnames }) => hostnames.map((name) => `${name}:${ip}`))
    .toSorted();
  return { tty, stdin, init, stopSignal, healthCheck: wantedHealthCheck(spec), hostname, extraHosts };
}

function wantedHealthCheck({ healthCheck = {} }: ContainerSpecSpec): ContainerHealthCheck {
  const { command, interval, timeout, startPeriod, retries = null, disabled } = healthCheck;
  const milliseconds = (text: string | undefined): number | null =>
    text === undefined ? null : (parseDuration(text) ?? null);
  const test = command === undefined ? null : ["CMD", ...command];
  return {
    test: disabled === true ? ["NONE"] : test,
    intervalMs: milliseconds(interval),
    timeoutMs: milliseconds(timeout),
    startPeriodMs: milliseconds(startPeriod),
    retries,
  };
}

/** What people call the parts of a health check that have another name here. */
const checkNames: Readonly<Record<string, string>> = {
  test: "command",
  intervalMs: "interval",
  timeoutMs: "timeout",
  startPeriodMs: "startPeriod",
};

/** Field -> found and wanted, for what differs; what the spec leaves to image and engine is not compared. */
export function processDrift(
  wanted: ContainerProcess,
  found: ContainerProcess,
): readonly (readonly [field: string, wanted: unknown, found: unknown])[] {
  const { healthCheck, ...others } = wanted;
  const check = Object.entries(healthCheck).flatMap(([field, value]: [string, unknown]) => {
    const own: unknown = found.healthCheck[field as keyof ContainerHealthCheck];
    return value === null ? [] : [[`healthCheck.${checkNames[field] ?? field}`, value, own] as const];
  });
  const plain = Object.entries(others).flatMap(([field, value]: [string, unknown]) => {
    const own: unknown = found[field as keyof ContainerProcess];
    return value === null ? [] : [[field === "extraHosts" ? "hostAliases" : field, value, own] as const];
  });
  return [...plain, ...check];
}
