import { expect, test } from "vitest";
import { revisionStatus, type RevisionOutcome } from "./revision-status.ts";

const taken: RevisionOutcome = { source: "lab", revision: "abc", failure: null, files: 4, rejections: [] };

test("a revision that is in effect as a whole is a success", () => {
  expect(revisionStatus(taken)).toEqual({
    source: "lab",
    revision: "abc",
    state: "success",
    reason: "Synced",
    message: "4 spec files are in effect",
    files: 4,
    rejected: 0,
  });
  expect(revisionStatus({ ...taken, files: 1 })?.message).toBe("1 spec file is in effect");
  expect(revisionStatus({ ...taken, files: 0 })?.message).toBe("0 spec files are in effect");
});

test("one of which files are not in effect is none, and the first of them are named", () => {
  expect(revisionStatus({ ...taken, rejections: ["a", "b", "c", "d", "e"] })).toMatchObject({
    state: "failure",
    reason: "FilesRejected",
    message: "a; b; c; and 2 more",
    rejected: 5,
  });
});

test("one that was refused is none, with its reason; of an unknown one nothing is said", () => {
  const failure = { reason: "RevisionEmpty", message: "no spec in it" };
  expect(revisionStatus({ ...taken, failure })).toMatchObject({ state: "failure", ...failure });
  expect(revisionStatus({ ...taken, failure, revision: null })).toBeNull();
});
