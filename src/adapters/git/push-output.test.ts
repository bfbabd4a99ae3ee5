import { expect, test } from "vitest";
import { compareLink, remoteLines, verdictIn } from "./push-output.ts";

test.each([
  ["https://github.com/lab/specs.git", "https://github.com/lab/specs/compare/main...ds01/x?expand=1"],
  ["https://robot@github.com/lab/specs", "https://github.com/lab/specs/compare/main...ds01/x?expand=1"],
  ["git@github.com:lab/specs.git", "https://github.com/lab/specs/compare/main...ds01/x?expand=1"],
  ["ssh://git@codeberg.org:22/lab/specs.git", "https://codeberg.org/lab/specs/compare/main...ds01/x"],
  ["https://gitlab.com/lab/a/specs.git/", "https://gitlab.com/lab/a/specs/-/compare/main...ds01%2Fx"],
  ["https://git.example.org/lab/specs.git", null],
  ["/srv/git/github.com/specs.git", null],
  ["https://github.com.example.org/lab/specs", null],
])("a branch of %s is compared at %s", (url, link) => {
  expect(compareLink(url, "main", "ds01/x")).toBe(link);
});

test("nothing is compared with what nobody knows", () => {
  expect(compareLink("https://github.com/lab/specs", null, "x")).toBeNull();
});

test("what a server says cannot steer a terminal, tells no login, and has an end", () => {
  const said = [
    "remote: plain        ",
    "remote: \u001B[31mred\u001B[0m \u001B]0;title\u0007\u202Edne",
    "remote: https://robot:s3cret@git.example.org/x",
    "remote:",
    "remote: a\rremote: b",
    "To https://git.example.org/x",
    `remote: ${"x".repeat(600)}`,
  ].join("\n");
  expect(remoteLines(said)).toEqual([
    "plain",
    "red ]0;titledne",
    "https://git.example.org/x",
    "a",
    "b",
    "x".repeat(500),
  ]);
  expect(remoteLines("remote: x\n".repeat(100))).toHaveLength(30);
});

test("reads what became of a branch", () => {
  const line = "!\tabc:refs/heads/x\t[remote rejected] (pre-receive hook declined)";
  expect(verdictIn(`To /srv/x\n${line}\nDone\n`)).toEqual({
    flag: "!",
    said: "[remote rejected] (pre-receive hook declined)",
  });
  expect(verdictIn("To /srv/x\n*\tabc:refs/heads/x\t[new branch]\nDone\n")?.flag).toBe("*");
  expect(verdictIn("")).toBeUndefined();
});
