import { expect, test } from "vitest";
import { failureFrom } from "./git-failure.ts";

test.each([
  "error: unable to write file .git/objects/4f/1c: No space left on device",
  "fatal: sha1 file '/srv/i.lock' write error. Out of diskspace",
  "fatal: unable to write new index file: Disk quota exceeded",
])("a full disk is known by %j", (stderr) => {
  expect(failureFrom("git fetch", stderr).reason).toBe("SourceDiskFull");
});

test.each([
  "error: unable to write file .git/objects/4f/1c: Input/output error",
  "error: unable to write file .git/objects/4f/1c: Read-only file system",
  "error: unable to write file .git/objects/4f/1c: File too large\nfatal: unpack-objects failed",
  "fatal: unable to write new index file: Input/output error",
  // So Git 2.39 says it of whatever fails while files are checked out: without a cause.
  "error: unable to write file users/alice/train.yaml",
  "fatal: unable to write new index file",
])("what names another cause or none is no full disk: %j", (stderr) => {
  expect(failureFrom("git fetch", stderr).reason).toBe("SyncFailed");
});

test.each([
  "git@git.example.org: Permission denied (publickey).\nfatal: Could not read from remote repository.",
  "git@git.example.org: Permission denied (publickey,password).",
  "Permission denied, please try again.",
  "fatal: unable to access 'https://git.example.org/specs.git/': The requested URL returned error: 403",
])("a login that does not count is known by %j", (stderr) => {
  expect(failureFrom("git fetch", stderr).reason).toBe("AuthenticationFailed");
});

test.each([
  "fatal: failed to read object 4f1c: Permission denied",
  "error: unable to create temporary file: Permission denied\nfatal: failed to write object",
  "fatal: cannot open '/srv/specs.git/HEAD': Permission denied",
])("a file that may not be read or written is no login: %j", (stderr) => {
  const { reason, message } = failureFrom("git fetch", stderr);
  expect(reason).toBe("SyncFailed");
  expect(message).toContain("Permission denied");
});
