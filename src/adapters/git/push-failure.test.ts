import { expect, test } from "vitest";
import { BranchBusy, rejectedPush } from "./push-failure.ts";
import { remoteLines } from "./push-output.ts";

const branch = "ds01/alice-train";
const failed = "[remote rejected] (failed to update ref)";

/** What Git prints where a file of that name is in the way. */
const lockedBy = (file: string): readonly string[] =>
  remoteLines(
    `remote: error: cannot lock ref 'refs/heads/${branch}': Unable to create '${file}': File exists.        \n` +
      "remote: \nremote: Another git process seems to be running in this repository, e.g.        \n",
  );

test("a lock that is in the way is told as one, with its file, and tried again", () => {
  const error = rejectedPush(branch, failed, lockedBy("/srv/specs.git/./refs/heads/ds01/alice-train.lock"));
  expect(error).toBeInstanceOf(BranchBusy);
  expect(error).toMatchObject({
    reason: "BranchLocked",
    message: `the repository has a lock on ${branch} (/srv/specs.git/refs/heads/ds01/alice-train.lock)`,
    remedy: expect.stringContaining("remove") as string,
  });
  expect(rejectedPush(branch, failed, lockedBy("/srv/specs.git/HEAD.lock"))).toMatchObject({
    reason: "BranchLocked",
  });
});

test.each([
  failed,
  "[rejected] (fetch first)",
  "[rejected] (non-fast-forward)",
  "[remote rejected] (incorrect old value provided)",
])("a branch that somebody else has moved is told as that: %s", (said) => {
  const remote = [`error: cannot lock ref 'refs/heads/${branch}': is at 1111 but expected 2222`];
  const error = rejectedPush(branch, said, remote);
  expect(error).toBeInstanceOf(BranchBusy);
  expect(error).toMatchObject({ reason: "BranchMoved" });
});

test("a branch in the place of a directory, and what rules refuse, is not tried again", () => {
  const inTheWay = [
    "error: cannot lock ref 'refs/heads/ds01/x': 'refs/heads/ds01' exists; cannot create 'refs/heads/ds01/x'",
  ];
  for (const error of [
    rejectedPush("ds01/x", failed, inTheWay),
    rejectedPush("x", "[remote rejected] (pre-receive hook declined)", ["only on Mondays"]),
  ]) {
    expect(error).not.toBeInstanceOf(BranchBusy);
    expect(error).toMatchObject({ reason: "PushRejected" });
  }
});
