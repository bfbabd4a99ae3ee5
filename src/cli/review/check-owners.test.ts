import { expect, test } from "vitest";
import { checkOwners } from "./check-owners.ts";
import { parseCodeOwners } from "./codeowners.ts";

const owners = parseCodeOwners("/users/alice/ @alice\n/users/bob/ @lab/vision\n/users/eve/\n", "CODEOWNERS");
const paths = ["alice", "bob", "eve", "carol"].map((user) => ({
  path: `specs/users/${user}/a.yaml`,
  inRepository: `users/${user}/a.yaml`,
}));
const messages = (authors: readonly string[]) =>
  checkOwners({ owners, file: "CODEOWNERS", paths, authors }).map(
    ({ file, message }) => `${file}: ${message}`,
  );

test("finds files that nobody is asked about", () => {
  expect(messages([])).toEqual([
    expect.stringMatching(/^specs\/users\/eve\/a\.yaml: has no owner in CODEOWNERS: line 3 .* names nobody;/),
    expect.stringMatching(/^specs\/users\/carol\/a\.yaml: has no owner in CODEOWNERS: no line matches it;/),
  ]);
});

test("finds files that belong to others than the author", () => {
  const [bob] = messages(["@alice"]);
  expect(bob).toBe(
    "specs/users/bob/a.yaml: belongs to @lab/vision (CODEOWNERS:2), not to @alice: one of the owners has to approve it",
  );
  expect(messages(["@alice", "@lab/vision"])).toHaveLength(2);
});

test("finds lines that the forges would skip", () => {
  const wrong = parseCodeOwners("* alice\n", "CODEOWNERS");
  expect(checkOwners({ owners: wrong, file: "CODEOWNERS", paths: [], authors: [] })).toHaveLength(1);
});
