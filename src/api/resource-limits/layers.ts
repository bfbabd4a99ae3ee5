import { scriptDefaults } from "./limit-keys.ts";
import { targets } from "./setting.ts";
import type { Section, Setting, Target } from "./setting.ts";

export type Settings = ReadonlyMap<Target, Setting>;

/** What the scripts took where the file said nothing: the lowest layer. */
export const scriptSection: Section = {
  name: "",
  settings: new Map(
    scriptDefaults.map(([target, value]) => [
      target,
      { value, comment: "what the scripts took where the file says nothing" },
    ]),
  ),
  gpuLimit: null,
  hasAggregate: false,
};

/** One section on top of another; an `aggregate` takes the place of the whole one below it. */
export function overlay(below: Section, above: Section): Section {
  const kept = [...below.settings].filter(
    ([target]) => !above.hasAggregate || !target.startsWith("aggregate."),
  );
  return {
    name: above.name,
    settings: new Map([...kept, ...above.settings]),
    gpuLimit: above.hasAggregate ? above.gpuLimit : below.gpuLimit,
    hasAggregate: above.hasAggregate || below.hasAggregate,
  };
}

/** What a section gives: of the two bounds of the GPUs of a user the smaller one. */
export function settingsOf({ settings, gpuLimit }: Section): Settings {
  const nominal = settings.get("gpus.nominal");
  if (gpuLimit === null || typeof gpuLimit.value !== "number") return settings;
  if (typeof nominal?.value === "number" && nominal.value <= gpuLimit.value) return settings;
  const comment =
    nominal === undefined ? gpuLimit.comment : `${gpuLimit.comment}, less than ${String(nominal.value)}`;
  return new Map([...settings, ["gpus.nominal", { ...gpuLimit, comment }]]);
}

/** What a section says itself, whatever lies below it. */
export function saysItself(section: Section, target: Target): boolean {
  return section.settings.has(target) || (target === "gpus.nominal" && section.gpuLimit !== null);
}

/** The fields of a quota for some: what its section says itself, and what else is not as for everybody. */
export function differing(own: Section, all: Settings, everybody: Settings): Settings {
  const fields = new Map<Target, Setting>();
  for (const { path, unset } of targets) {
    const setting = all.get(path);
    const common = everybody.get(path);
    if (setting === undefined && common !== undefined && common.value !== unset) {
      fields.set(path, { value: unset, comment: "the file says it only for the default group" });
    }
    if (setting !== undefined && (saysItself(own, path) || setting.value !== common?.value)) {
      fields.set(path, setting);
    }
  }
  return fields;
}
