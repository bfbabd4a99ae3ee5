import { formatBytes, parseBytes, parseCpus } from "../../util/quantity.ts";
import { aggregateOf } from "./aggregate.ts";
import type { ResolvedLimits, Violation } from "./limits.ts";
import { allowing, at, type Subject } from "./violation-words.ts";

/** Limits above what one container may have. */
export function resourceViolations({ spec, quota, facts }: Subject): readonly Violation[] {
  const wanted: Readonly<Record<keyof ResolvedLimits, number | undefined>> = {
    cpus: spec.resources?.cpus === undefined ? undefined : parseCpus(spec.resources.cpus),
    memoryBytes: spec.resources?.memory === undefined ? undefined : parseBytes(spec.resources.memory),
    shmSizeBytes: spec.resources?.shmSize === undefined ? undefined : parseBytes(spec.resources.shmSize),
    pidsLimit: spec.resources?.pidsLimit,
  };
  return limitRows.flatMap(({ key, field, show, noun }) => {
    const value = wanted[key];
    const bounds = [
      { most: quota.maximums[key], scope: "in one container" },
      { most: aggregateOf(quota, key), scope: "in all" },
    ];
    return bounds.flatMap(({ most, scope }) => {
      if (value === undefined || most === null || most.value === null || value <= most.value) return [];
      const allowed = `${allowing(most.origin)} ${show(most.value)} ${scope}${at(most.origin)}`;
      return {
        reason: "ExceedsMaxQuota",
        field,
        message: `${facts.object} asks for ${show(value)}${noun}; ${allowed}: lower ${field} or ask an admin`,
      };
    });
  });
}

const limitRows: readonly {
  readonly key: keyof ResolvedLimits;
  readonly field: string;
  readonly show: (value: number) => string;
  readonly noun: string;
}[] = [
  { key: "cpus", field: "spec.resources.cpus", show: String, noun: " CPUs" },
  { key: "memoryBytes", field: "spec.resources.memory", show: formatBytes, noun: " of memory" },
  { key: "shmSizeBytes", field: "spec.resources.shmSize", show: formatBytes, noun: " of /dev/shm" },
  { key: "pidsLimit", field: "spec.resources.pidsLimit", show: String, noun: " processes" },
];
