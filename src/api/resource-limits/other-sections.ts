import { allocationKeys, containerTypes, policyKeys, topLevelKeys, wholeSections } from "./left-out.ts";
import { limitKeys } from "./limit-keys.ts";
import type { Group } from "./membership.ts";
import { leaveOut, leaveOutKey, leaveOutMap } from "./read-section.ts";
import type { Surroundings } from "./read-section.ts";
import { numberOf, readSwitch, shown } from "./values.ts";
import type { Entry, YamlSource } from "../yaml-source.ts";

type Fields = ReadonlyMap<string, unknown>;

const perGpuKeys = ["slots_per_gpu", "mig_instances_per_gpu"] as const;

/** How many MIG instances the scripts counted to a GPU: `gpu_allocation.mig_instances_per_gpu`. */
export function instancesPerGpu(source: YamlSource, fields: Fields): Surroundings["perGpu"] {
  const entries = source.entries(fields.get("gpu_allocation"), ["gpu_allocation"]);
  for (const key of perGpuKeys) {
    const entry = entries.find(({ name }) => name === key);
    if (entry === undefined || entry.value === null) continue;
    const count = numberOf(entry.value);
    if (count !== undefined && count >= 1) return { count, key: `gpu_allocation.${key}` };
    const found = shown(entry.value);
    source.problem(entry.path, `${found} is not a number of slices; write how many make up a GPU, such as 7`);
  }
  return null;
}

/** Whether the scripts applied the `aggregate` of groups; they did unless told otherwise. */
export function aggregateOn(source: YamlSource, fields: Fields): boolean {
  const entry = source
    .entries(fields.get("enforcement"), ["enforcement"])
    .find(({ name }) => name === "aggregate_limits");
  if (entry === undefined || entry.value === null) return true;
  const reading = readSwitch(entry.value);
  if ("wrong" in reading) source.problem(entry.path, reading.wrong);
  return !("value" in reading) || reading.value !== false;
}

/** The group of everybody whom no other one names. */
export function defaultGroupOf(
  fields: Fields,
  groups: readonly Group[],
  { source, notes }: Surroundings,
): Group | undefined {
  const path = ["default_group"];
  const written = fields.get("default_group");
  if (typeof written === "object" && written !== null) {
    source.problem(path, "the name of a group is expected here");
    return undefined;
  }
  const wanted = fields.has("default_group") ? source.written(path, "value") : "student";
  const group = groups.find(({ name }) => name === wanted);
  if (group === undefined && fields.has("default_group")) {
    notes.push({
      kind: "changed",
      file: source.path,
      position: source.positionOf(path),
      field: "default_group",
      message: `groups has no "${wanted}", so whoever is in no group gets what defaults says, as with the scripts`,
    });
  }
  return group;
}

/** Tells of everything that stands beside the limits. */
export function tellOfOtherSections(fields: Fields, around: Surroundings): void {
  const { source } = around;
  for (const { name, value, path } of source.entries(source.root, [])) {
    if (Object.hasOwn(wholeSections, name)) {
      const topic = wholeSections[name];
      if (topic !== undefined) leaveOut(path, topic, around, keysOf(value));
    } else if (name === "policies") leaveOutMap({ value, path }, policyKeys, around);
    else if (name === "container_types") tellOfTypes({ name, value, path }, around);
    else if (name === "gpu_allocation") tellOfAllocation({ name, value, path }, fields, around);
    else if (name === "enforcement") {
      for (const entry of source.entries(value, path)) {
        if (entry.name === "aggregate_limits") continue;
        leaveOutKey(entry, { cgroup_driver: "cgroupDriver" }, ["aggregate_limits"], around);
      }
    } else if (!topLevelKeys.includes(name)) {
      leaveOutKey({ name, value, path }, {}, topLevelKeys, around);
    }
  }
}

function tellOfTypes({ value, path }: Entry, around: Surroundings): void {
  for (const type of around.source.entries(value, path)) {
    const topic = Object.hasOwn(containerTypes, type.name) ? containerTypes[type.name] : undefined;
    leaveOut(type.path, topic ?? "unknownType", around, keysOf(type.value));
  }
}

function tellOfAllocation({ value, path }: Entry, fields: Fields, around: Surroundings): void {
  for (const entry of around.source.entries(value, path)) {
    const isPerGpu = perGpuKeys.some((key) => key === entry.name);
    if (!isPerGpu)
      leaveOutKey(entry, allocationKeys, [...perGpuKeys, ...Object.keys(allocationKeys)], around);
    else if (!countsInstances(fields)) leaveOut(entry.path, "perGpu", around);
  }
}

/** Whether any key of the file counts MIG instances. */
function countsInstances(fields: Fields): boolean {
  const names = limitKeys.filter(({ unit }) => unit === "instances").map(({ key }) => key);
  const groups = fields.get("groups");
  const overrides = fields.get("user_overrides");
  return [fields.get("defaults"), ...valuesOf(groups), ...valuesOf(overrides)].some(
    (section) =>
      typeof section === "object" && section !== null && names.some((name) => Object.hasOwn(section, name)),
  );
}

function valuesOf(map: unknown): readonly unknown[] {
  return typeof map === "object" && map !== null ? Object.values(map) : [];
}

/** The scalars of a map in a few words: `idle_timeout_h null, max_runtime_h 168`. */
function keysOf(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "";
  const words = Object.entries(value).map(([key, field]: [string, unknown]) =>
    typeof field === "object" && field !== null ? key : `${key} ${String(field)}`,
  );
  const text = words.join(", ");
  return text.length <= 100 ? text : `${text.slice(0, 97)}...`;
}
