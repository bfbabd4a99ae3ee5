import { expect, test } from "vitest";
import { allowsBranch, isBranchName } from "./push-rules.ts";

test.each(["ds01/alice-train", "a", "feature/x_1.2+b", "user@host", "v1.0"])("takes the name %j", (name) => {
  expect(isBranchName(name)).toBe(true);
});

test.each([
  "",
  "--upload-pack=touch /tmp/x",
  "-f",
  "refs/heads/main",
  "refs/heads/ds01/x",
  "../x",
  "a/../b",
  "a..b",
  "ds01/x\n",
  "ds01/x\nmain",
  "ds01/x:main",
  "+ds01/x",
  "ds01/*",
  "ds01/{user}",
  "ds01//x",
  "/x",
  "x/",
  "x.lock",
  "x.lock/y",
  "x.",
  ".x",
  "a/.x",
  "a@{1}",
  "HEAD",
  "a b",
  "a\\b",
  "a~1",
  "a^",
  "ä",
  "a\u0000b",
  "a".repeat(201),
])("refuses the name %j", (name) => {
  expect(isBranchName(name)).toBe(false);
});

test.each([
  { patterns: ["ds01/*"], branch: "ds01/alice-train", isAllowed: true },
  { patterns: ["ds01/*"], branch: "ds01/alice/train", isAllowed: false },
  { patterns: ["ds01/*"], branch: "xds01/a", isAllowed: false },
  { patterns: ["ds01/*"], branch: "ds01", isAllowed: false },
  { patterns: ["ds01/{user}/*"], branch: "ds01/alice/train", isAllowed: true },
  { patterns: ["ds01/{user}/*"], branch: "ds01/bob/train", isAllowed: false },
  { patterns: ["a.b"], branch: "axb", isAllowed: false },
  { patterns: ["x", "y-*"], branch: "y-1", isAllowed: true },
  { patterns: [], branch: "y", isAllowed: false },
])("$branch by $patterns: $isAllowed", ({ patterns, branch, isAllowed }) => {
  expect(allowsBranch(patterns, branch, "alice")).toBe(isAllowed);
});

test("a user's name is no pattern", () => {
  expect(allowsBranch(["ds01/{user}/*"], "ds01/bob/x", "*")).toBe(false);
  expect(allowsBranch(["ds01/{user}"], "ds01/axb", "a.b")).toBe(false);
});
