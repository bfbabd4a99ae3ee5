import { isUserName, notAName } from "./members.ts";
import { readSection } from "./read-section.ts";
import type { Surroundings } from "./read-section.ts";
import type { Section } from "./setting.ts";
import type { Entry, YamlSource } from "../yaml-source.ts";

/** What the scripts gave to one user instead of what their group has. */
export interface Override {
  readonly user: string;
  readonly section: Section;
  readonly reason: string | null;
  readonly source: YamlSource;
  readonly entry: Entry;
}

/** The overrides of `user_overrides` and of `user-overrides.yaml`; of a user in both the file's counts. */
export function overridesOf(
  inline: unknown,
  around: Surroundings,
  file: YamlSource | null,
  shared: Omit<Surroundings, "source">,
): readonly Override[] {
  const inFile = file === null ? [] : read(file.root, [], { ...shared, source: file });
  const listed = read(inline, ["user_overrides"], around);
  const kept = listed.filter(({ user, entry, source }) => {
    const again = inFile.find((one) => one.user === user);
    if (again === undefined) return true;
    around.notes.push({
      kind: "changed",
      file: source.path,
      position: source.positionOf(entry.path),
      field: `user_overrides.${user}`,
      message: `${user} stands in ${again.source.path} too, and that counts, as with the scripts`,
    });
    return false;
  });
  return [...kept, ...inFile];
}

function read(value: unknown, path: readonly string[], around: Surroundings): readonly Override[] {
  const { source } = around;
  return source.entries(value, path).flatMap((entry): readonly Override[] => {
    const user = source.written(entry.path, "key");
    if (path.length === 0 && entry.name === "user_overrides") {
      source.problem(
        entry.path,
        "in this file user names stand at the top; remove this line and the indent below it",
        "key",
      );
      return [];
    }
    if (!isUserName(user)) {
      source.problem(entry.path, notAName(user), "key");
      return [];
    }
    const section = readSection(entry.value, entry.path, "override", around);
    return [{ user, section, reason: reasonOf(entry), source, entry }];
  });
}

function reasonOf({ value }: Entry): string | null {
  const reason: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "reason") : null;
  return typeof reason === "string" && reason !== "" ? reason : null;
}
