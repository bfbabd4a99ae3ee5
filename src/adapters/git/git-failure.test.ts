import { expect, test } from "vitest";
import { failureFrom } from "./git-failure.ts";

test.each([
  "error: unable to write file .git/objects/4f/1c: No space left on device",
  "fatal: sha1 file '/srv/i.lock' write error. Out of diskspace",
  "fatal: unable to write new index file: Disk quota exceeded",
  // So Git 2.39 says it of a disk that fills up while files are checked out: without a cause.
  "error: unable to write file users/alice/train.yaml",
  "error: unable to write file users/alice/train.yaml\nerror: unable to write file users/bob/x: y.yaml",
  "fatal: unable to write new index file",
])("a full disk is known by %j", (stderr) => {
  expect(failureFrom("git fetch", stderr).reason).toBe("SourceDiskFull");
});

test.each([
  "error: unable to write file .git/objects/4f/1c: Input/output error",
  "error: unable to write file .git/objects/4f/1c: Read-only file system",
  "error: unable to write file .git/objects/4f/1c: File too large\nfatal: unpack-objects failed",
  "fatal: unable to write new index file: Input/output error",
])("what names another cause is no full disk: %j", (stderr) => {
  expect(failureFrom("git fetch", stderr).reason).toBe("SyncFailed");
});
