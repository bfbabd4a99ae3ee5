import { baseName } from "./membership.ts";
import type { Group } from "./membership.ts";
import { differing, overlay, saysItself, scriptSection, settingsOf } from "./layers.ts";
import type { Settings } from "./layers.ts";
import type { Note } from "../import-note.ts";
import type { Override } from "./overrides.ts";
import { QuotaNames } from "./quota-draft.ts";
import type { QuotaDraft } from "./quota-draft.ts";
import { targets } from "./setting.ts";
import type { Section } from "./setting.ts";

/** Everything that was read, in the order of the file. */
export interface ReadLimits {
  readonly file: string;
  readonly defaults: Section;
  readonly groups: readonly Group[];
  readonly defaultGroup: Group | undefined;
  readonly overrides: readonly Override[];
  readonly notes: Note[];
}

/**
 * One quota for everybody, one for each other group, one for each user with an override. Nobody is named in two of
 * them, so that what applies does not depend on the names of the quotas.
 */
export function quotaDrafts(read: ReadLimits): readonly QuotaDraft[] {
  const names = new QuotaNames();
  const base = overlay(scriptSection, read.defaults);
  const common = read.defaultGroup === undefined ? base : overlay(base, read.defaultGroup.section);
  const everybody = settingsOf(common);
  const overridden = new Set(read.overrides.map(({ user }) => user));
  const others = read.groups.filter((group) => group !== read.defaultGroup);
  return [
    { ...everybodyDraft(read), name: names.take("default"), fields: everybody },
    ...others.map((group): QuotaDraft => {
      const fields = differing(group.section, settingsOf(overlay(base, group.section)), everybody);
      const users = group.users.filter((user) => !overridden.has(user));
      return { ...groupDraft(group, users, read.file), name: names.take(group.name), fields };
    }),
    ...read.overrides.map((override): QuotaDraft => {
      const group = others.find(({ users }) => users.includes(override.user));
      const below = group === undefined ? common : overlay(base, group.section);
      const all = withOverride(below, override.section);
      tellWhatChanged(override, { all, group: group ?? read.defaultGroup, base, below, notes: read.notes });
      const fields = differing(override.section, all, everybody);
      return { ...overrideDraft(override, group), name: names.take(override.user), fields };
    }),
  ];
}

type Unnamed = Omit<QuotaDraft, "name" | "fields">;

function everybodyDraft({ file, defaultGroup }: ReadLimits): Unnamed {
  const what =
    defaultGroup === undefined
      ? "defaults"
      : `defaults, and on top groups.${defaultGroup.name} (default_group)`;
  return {
    about: [`For everybody of whom no other quota says more: ${what} of ${baseName(file)}.`],
    subjects: "everybody",
    reason: null,
  };
}

function groupDraft(group: Group, users: readonly string[], file: string): Unnamed {
  const nobody =
    group.from === ""
      ? "no members are known: name them here, or a Unix group with groups: [NAME]"
      : "all members have a quota of their own, or are in a group before this one";
  return {
    about: [`The group ${group.name} of ${baseName(file)}. What it does not say is as for everybody.`],
    subjects: { users, comment: users.length === 0 ? nobody : `from ${group.from}` },
    reason: null,
  };
}

function overrideDraft({ user, source, reason }: Override, group: Group | undefined): Unnamed {
  const copied =
    group === undefined
      ? "What it does not say is as for everybody."
      : `What it does not say is as for the group ${group.name}, copied here.`;
  return {
    about: [`${user}, from the overrides in ${baseName(source.path)}. ${copied}`],
    subjects: { users: [user], comment: "not listed in any other quota" },
    reason,
  };
}

/** An override of the total beats the group's second bound, which the scripts went on to apply. */
function withOverride(below: Section, override: Section): Settings {
  const saysTotal = override.settings.has("gpus.nominal");
  return settingsOf(overlay(saysTotal ? { ...below, gpuLimit: null } : below, override));
}

interface OverrideSurroundings {
  readonly all: Settings;
  readonly group: Group | undefined;
  readonly base: Section;
  readonly below: Section;
  readonly notes: Note[];
}

/** The scripts dropped what the group says for users with an override, and kept the group's `gpu_limit`. */
function tellWhatChanged({ user, section, source, entry }: Override, around: OverrideSurroundings): void {
  const { all, group, base, below, notes } = around;
  if (group === undefined) return;
  const place = {
    kind: "changed",
    file: source.path,
    position: source.positionOf(entry.path),
    field: user,
  } as const;
  const before = settingsOf(overlay(base, section));
  const changed = targets
    .map(({ path }) => path)
    .filter((path) => !path.startsWith("aggregate.") && !saysItself(section, path))
    .filter((path) => before.has(path) && before.get(path)?.value !== all.get(path)?.value)
    .map((path) => `${path} ${String(all.get(path)?.value)} (${String(before.get(path)?.value)})`);
  if (changed.length > 0) {
    const message = `where the override says nothing, the group ${group.name} applies now; the scripts fell back to defaults (in brackets): ${changed.join(", ")}`;
    notes.push({ ...place, message });
  }
  const limit = below.gpuLimit?.value;
  const total = all.get("gpus.nominal")?.value;
  if (section.hasAggregate || !section.settings.has("gpus.nominal") || typeof limit !== "number") return;
  if (total === "unlimited" || (typeof total === "number" && total > limit)) {
    const message = `gpus.nominal ${total} applies now; the scripts went on to hold ${user} to ${limit}, the aggregate.gpu_limit of the group ${group.name}`;
    notes.push({ ...place, message });
  }
}
