import { expect, test } from "vitest";
import type { HostPathFact } from "../world.ts";
import { givenFiles, givenPathProblem } from "./given-file.ts";

const files = givenFiles(
  { secrets: [{ name: "key", file: "/home/alice/key" }] },
  { specsRoot: "/specs", sourcePath: "users/alice/job.yaml" },
);

test.each([
  ["Unreadable", "ds01 cannot tell where it leads: let root enter every directory on the way"],
  ["Directory", "it is a directory: it must be a regular file"],
  ["Socket", "it is no regular file"],
] as const)("a path that is %s is told as %s", (kind, message) => {
  const facts = new Map<string, HostPathFact>([["/home/alice/key", { realPath: "/home/alice/key", kind }]]);
  expect(givenPathProblem(files, facts)?.message).toContain(
    `takes a secret from /home/alice/key; ${message}`,
  );
});
