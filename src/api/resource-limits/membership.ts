import type { FieldPath } from "../field-path.ts";
import type { Problem } from "../problem.ts";
import { isUserName, readMembersFile, readMembersList } from "./members.ts";
import type { Member } from "./members.ts";
import { leftOut } from "./note.ts";
import type { NotePlace } from "../import-note.ts";
import type { Surroundings } from "./read-section.ts";
import type { Section } from "./setting.ts";
import { keyText } from "../yaml-source.ts";
import type { SourceText } from "../yaml-source.ts";

/** A group of the file with the users who are in it and in no group before it. */
export interface Group {
  readonly name: string;
  readonly path: FieldPath;
  readonly section: Section;
  readonly users: readonly string[];
  /** Where they are named: `groups.student.members, student.members`; empty when nowhere. */
  readonly from: string;
}

/** A group whose members are not known yet. */
interface ReadGroup {
  readonly name: string;
  readonly value: unknown;
  readonly path: FieldPath;
  readonly section: Section;
}

/** Puts every user into the first group that names them, as the scripts did: by its list, and by its file. */
export function membership(
  read: readonly ReadGroup[],
  files: readonly SourceText[],
  around: Surroundings,
): { readonly groups: readonly Group[]; readonly problems: readonly Problem[] } {
  const { source, notes } = around;
  const problems: Problem[] = [];
  const groupOf = new Map<string, string>();
  const groups = read.map(({ name, value, path, section }): Group => {
    if (!isUserName(name)) {
      source.problem(
        path,
        'is not the name of a group; letters, digits, "_", ".", "@" and "-" are allowed',
        "key",
      );
    }
    const inline: unknown =
      typeof value === "object" && value !== null ? Reflect.get(value, "members") : undefined;
    const listed = readMembersList(inline, [...path, "members"], source);
    const file = files.find((one) => groupNameOf(one.path) === name);
    const inFile = file === undefined ? { members: [], problems: [] } : readMembersFile(file);
    problems.push(...inFile.problems);
    const users: string[] = [];
    for (const member of [...listed, ...inFile.members]) {
      const first = groupOf.get(member.name);
      if (first === undefined) users.push(member.name);
      else if (first !== name) tellOfSecondGroup(member, { first, second: name }, around);
      groupOf.set(member.name, first ?? name);
    }
    const from = [
      ...(listed.length === 0 ? [] : [`groups.${name}.members`]),
      ...(inFile.members.length === 0 || file === undefined ? [] : [baseName(file.path)]),
    ];
    if (from.length === 0) {
      const message = `no members are known, neither of a list here nor of a file ${name}.members: nobody gets this quota until you name its users`;
      notes.push({ ...placeOf(path, around), kind: "changed", message });
    }
    if (name === "admin") {
      notes.push(leftOut(placeOf(path, around), "adminGroup", ""));
    }
    return { name, path, section, users, from: from.join(", ") };
  });
  for (const { path } of files) {
    const name = groupNameOf(path);
    if (read.some((group) => group.name === name)) continue;
    const place = { file: path, position: { line: 1, column: 1 }, field: "" };
    notes.push(leftOut(place, name === "archived" ? "archived" : "noSuchGroup", ""));
  }
  return { groups, problems };
}

function placeOf(path: FieldPath, { source }: Surroundings): NotePlace {
  return { file: source.path, position: source.positionOf(path), field: keyText(path) };
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.split("/").at(-1) ?? path;
}

function groupNameOf(path: string): string {
  return baseName(path).replace(/\.members$/, "");
}

function tellOfSecondGroup(
  { name, file, position, field }: Member,
  { first, second }: { readonly first: string; readonly second: string },
  { notes }: Surroundings,
): void {
  notes.push({
    kind: "changed",
    file,
    position,
    field,
    message: `${name} is in the group ${first} already, which comes first, and so is not listed in ${second}`,
  });
}
