import { describe, expect, test } from "vitest";
import { ownersOf, parseCodeOwners } from "./codeowners.ts";

const text = `
# who is asked
*                     @lab/admins
/users/alice/         @alice   # and nobody else
/users/bob/*          @bob @lab/vision
/quotas/              root@lab.example
*.json                @lab/tools
/users/carol/secret.yaml
`;

describe("a CODEOWNERS file", () => {
  const { rules, problems } = parseCodeOwners(text, "CODEOWNERS");
  const owners = (path: string) => ownersOf(rules, path)?.owners;

  test("is read without problems", () => {
    expect(problems).toEqual([]);
    expect(rules.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test.each([
    ["README.md", ["@lab/admins"]],
    ["users/alice/train.yaml", ["@alice"]],
    ["users/alice/deep/er/train.yaml", ["@alice"]],
    ["users/alice2/train.yaml", ["@lab/admins"]],
    ["users/bob/train.yaml", ["@bob", "@lab/vision"]],
    ["users/bob/deep/train.yaml", ["@lab/admins"]],
    ["quotas/students.yaml", ["root@lab.example"]],
    ["specs/quotas/students.yaml", ["@lab/admins"]],
    ["users/alice/train.json", ["@lab/tools"]],
    ["users/carol/secret.yaml", []],
  ])("gives %s to %j", (path, expected) => {
    expect(owners(path)).toEqual(expected);
  });

  test("gives nobody what no line matches", () => {
    const { rules: few } = parseCodeOwners("/users/ @lab/admins\n", "CODEOWNERS");
    expect(ownersOf(few, "quotas/a.yaml")).toBeUndefined();
  });

  test("is told what the forges would skip, with its place", () => {
    const wrong = parseCodeOwners("* @a\n!users/alice @b\nusers/[ab]* @c\n/x alice\n", "CODEOWNERS");
    expect(wrong.rules).toHaveLength(1);
    expect(wrong.problems.map(({ position, length }) => [position?.line, position?.column, length])).toEqual([
      [2, 1, 12],
      [3, 1, 11],
      [4, 4, 5],
    ]);
    expect(wrong.problems[2]?.message).toContain('"alice" is no owner');
  });

  test("may have sections", () => {
    const { rules: sections } = parseCodeOwners("[Quotas][2]\n/quotas/ @a\n^[Rest]\n* @b\n", "CODEOWNERS");
    expect(sections.map(({ pattern }) => pattern)).toEqual(["/quotas/", "*"]);
  });

  test("may have blanks in paths", () => {
    const { rules: blanks } = parseCodeOwners("/users/h\\ b/ @hb\n", "CODEOWNERS");
    expect(ownersOf(blanks, "users/h b/a.yaml")?.owners).toEqual(["@hb"]);
  });
});
