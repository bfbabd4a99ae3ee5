import { nearest } from "../../util/nearest.ts";
import type { FieldPath } from "../field-path.ts";
import { documentJsonSchema } from "../json-schema.ts";
import { nodeAt } from "../schema-node.ts";
import { aggregateKeysLeftOut, limitKeysLeftOut, policyKeys } from "./left-out.ts";
import { aggregateKeys, fieldsToCome, limitKeys } from "./limit-keys.ts";
import type { LimitKey } from "./limit-keys.ts";
import { leftOut } from "./note.ts";
import type { Note } from "../import-note.ts";
import type { Section, Setting, Target } from "./setting.ts";
import type { Topic } from "./topics.ts";
import { readGpus } from "./values.ts";
import type { Reading } from "./values.ts";
import { keyText } from "../yaml-source.ts";
import type { Entry, YamlSource } from "../yaml-source.ts";

/** What must be known to read a section of limits. */
export interface Surroundings {
  readonly source: YamlSource;
  readonly notes: Note[];
  /** How many MIG instances the scripts counted to a GPU, and the key that says so; null where none does. */
  readonly perGpu: { readonly count: number; readonly key: string } | null;
  /** False where `enforcement.aggregate_limits` switches aggregates off. */
  readonly aggregateOn: boolean;
}

const membersKey = "members";
const reasonKey = "reason";
const ownKeys = [membersKey, reasonKey, "aggregate", "policies"];

/** Reads `defaults`, a group or an override; what is wrong or becomes nothing goes to the source and the notes. */
export function readSection(
  value: unknown,
  path: FieldPath,
  kind: "defaults" | "group" | "override",
  around: Surroundings,
): Section {
  const { source } = around;
  const settings = new Map<Target, Setting>();
  const entries = source.entries(value, path);
  for (const rule of limitKeys) {
    const entry = entries.find(({ name }) => name === rule.key);
    if (entry !== undefined) take(entry, rule, settings, around);
  }
  const unit = limitKeys.find(
    ({ key, target }) => target === "gpus.nominal" && entries.some(({ name }) => name === key),
  )?.unit;
  let gpuLimit: Setting | null = null;
  let hasAggregate = false;
  for (const entry of entries) {
    if (limitKeys.some(({ key }) => key === entry.name)) continue;
    if (entry.name === "aggregate") {
      const topic = kind === "defaults" ? "aggregateOfDefaults" : around.aggregateOn ? null : "aggregateOff";
      if (topic === null) {
        gpuLimit = readAggregate(entry, unit, settings, around);
        hasAggregate = true;
      } else leaveOut(entry.path, topic, around);
    } else if (entry.name === "policies") leaveOutMap(entry, policyKeys, around);
    else if (!isOwn(entry.name, kind)) leaveOutKey(entry, limitKeysLeftOut, allLimitKeys, around);
  }
  return { name: keyText(path), settings, gpuLimit, hasAggregate };
}

/** Tells of every key of a map that becomes nothing. */
export function leaveOutMap(
  { value, path }: Pick<Entry, "value" | "path">,
  table: Readonly<Record<string, Topic>>,
  around: Surroundings,
): void {
  for (const entry of around.source.entries(value, path)) {
    leaveOutKey(entry, table, Object.keys(table), around);
  }
}

/** Tells of one key that becomes nothing; one that no table knows is probably misspelt. */
export function leaveOutKey(
  entry: Entry,
  table: Readonly<Record<string, Topic>>,
  known: readonly string[],
  around: Surroundings,
): void {
  const topic = Object.hasOwn(table, entry.name) ? table[entry.name] : undefined;
  if (topic !== undefined) return leaveOut(entry.path, topic, around);
  const meant = nearest(entry.name.slice(0, 64), known);
  leaveOut(entry.path, "unknown", around, meant === undefined ? "" : `did you mean ${meant}?`);
}

/** Tells of a key that becomes nothing. */
export function leaveOut(path: FieldPath, topic: Topic, around: Surroundings, detail?: string): void {
  const { source, notes } = around;
  const written = source.written(path, "value");
  const shown = /[\n{[]/.test(written) || written.length > 40 ? "" : written;
  const place = { file: source.path, position: source.positionOf(path), field: keyText(path) };
  notes.push(leftOut(place, topic, detail ?? shown));
}

const allLimitKeys: readonly string[] = [
  ...limitKeys.map(({ key }) => key),
  ...Object.keys(limitKeysLeftOut),
  ...ownKeys,
];

function isOwn(name: string, kind: "defaults" | "group" | "override"): boolean {
  return (name === membersKey && kind === "group") || (name === reasonKey && kind === "override");
}

function readAggregate(
  { value, path }: Entry,
  unit: LimitKey["unit"],
  settings: Map<Target, Setting>,
  around: Surroundings,
): Setting | null {
  let gpuLimit: Setting | null = null;
  for (const entry of around.source.entries(value, path)) {
    const rule = aggregateKeys.find(({ key }) => key === entry.name);
    if (rule !== undefined) take(entry, rule, settings, around);
    else if (entry.name === "gpu_limit") {
      const only = new Map<Target, Setting>();
      const gpus: LimitKey = { key: entry.name, target: "gpus.nominal", read: readGpus };
      take(entry, unit === undefined ? gpus : { ...gpus, unit }, only, around);
      gpuLimit = only.get("gpus.nominal") ?? null;
    } else {
      const known = [...aggregateKeys.map(({ key }) => key), "gpu_limit", "memory_high"];
      leaveOutKey(entry, aggregateKeysLeftOut, known, around);
    }
  }
  return gpuLimit;
}

/** Turns one key into a setting of its target, unless another key has set that already. */
function take(
  { value, path }: Entry,
  rule: LimitKey,
  settings: Map<Target, Setting>,
  around: Surroundings,
): void {
  const reading = inGpuEquivalents(asTheScripts(rule.read(value), rule.target), rule, around.perGpu);
  if ("wrong" in reading) return around.source.problem(path, reading.wrong);
  if ("topic" in reading) return leaveOut(path, reading.topic, around);
  if (settings.has(rule.target)) return leaveOut(path, "secondName", around);
  const missing = fieldsToCome[rule.target];
  if (missing !== undefined && !isKnown(rule.target)) return leaveOut(path, missing, around);
  const remark = reading.remark === undefined ? "" : `: ${reading.remark}`;
  settings.set(rule.target, { value: reading.value, comment: `from ${keyText(path)}${remark}` });
}

/** Whether QuotaSpec has a field, in the version of ds01 that this is. */
function isKnown(target: Target): boolean {
  return nodeAt(documentJsonSchema("QuotaSpec"), ["spec", ...target.split(".")]) !== undefined;
}

/** 0 is a time like any other for ds01, and was not for the scripts. */
function asTheScripts(reading: Reading, target: Target): Reading {
  if (!("value" in reading) || reading.value !== "0s") return reading;
  if (target === "lifecycle.maxRuntime") {
    return { value: "never", remark: "the scripts took 0 as no limit" };
  }
  return target === "lifecycle.holdGpuAfterStop"
    ? { ...reading, remark: "the scripts took 0 as for ever" }
    : reading;
}

function inGpuEquivalents(reading: Reading, { unit }: LimitKey, perGpu: Surroundings["perGpu"]): Reading {
  if (unit === undefined || !("value" in reading) || typeof reading.value !== "number") return reading;
  const { value } = reading;
  if (unit === "devices") return { value, remark: "counted devices, ds01 counts GPU-equivalents" };
  if (perGpu === null) {
    return { value, remark: "counted instances, which the last scripts took as GPU-equivalents" };
  }
  // Upwards, so that as many slices as before fit.
  const equivalents = Math.ceil((value / perGpu.count) * 1000 - 1e-6) / 1000;
  return { value: equivalents, remark: `${value} of ${perGpu.count} instances to a GPU (${perGpu.key})` };
}
