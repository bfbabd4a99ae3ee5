import { Namespace } from "../fields.ts";
import type { FieldPath } from "../field-path.ts";
import type { Position, Problem } from "../problem.ts";
import { keyText } from "../yaml-source.ts";
import type { SourceText, YamlSource } from "../yaml-source.ts";

/** One name in a list of members, and where it stands. */
export interface Member {
  readonly name: string;
  readonly file: string;
  readonly position: Position;
  readonly field: string;
}

/** The names of a `.members` file: one a line, what follows `#` is a comment. */
export function readMembersFile({ path, text }: SourceText): {
  readonly members: readonly Member[];
  readonly problems: readonly Problem[];
} {
  const members: Member[] = [];
  const problems: Problem[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const name = (line.split("#", 1)[0] ?? "").trim();
    if (name === "") continue;
    const position = { line: index + 1, column: line.indexOf(name) + 1 };
    if (isUserName(name)) members.push({ name, file: path, position, field: "" });
    else problems.push({ file: path, position, length: name.length, field: "", message: notAName(name) });
  }
  return { members, problems };
}

/** The names of a `members` list inside the file. */
export function readMembersList(value: unknown, path: FieldPath, source: YamlSource): readonly Member[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) {
    source.problem(path, "a list of user names is expected, such as [alice, bob]");
    return [];
  }
  return value.flatMap((_, index) => {
    const item = [...path, index];
    const name = source.written(item, "value");
    if (isUserName(name)) {
      return [{ name, file: source.path, position: source.positionOf(item), field: keyText(item) }];
    }
    source.problem(item, notAName(name));
    return [];
  });
}

/** Whether ds01 can have a user of that name. */
export function isUserName(name: string): boolean {
  return Namespace.safeParse(name).success;
}

/** What to say about a name that is none. */
export function notAName(name: string): string {
  const shown = name.length <= 60 ? name : `${name.slice(0, 57)}...`;
  return `${JSON.stringify(shown)} is not a user name; one name is expected here, of letters, digits, "_", ".", "@" and "-"`;
}
