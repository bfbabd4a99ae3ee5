import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeLockLeftovers } from "./lock-leftovers.ts";
import { ownMark } from "./process-mark.ts";

describe("what killed controllers have left of the lock", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ds01-lock-"));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it("should go where its process is dead or its epoch over, and stay where somebody still starts", () => {
    const minutesAgo = Date.now() / 1000 - 300;
    for (const name of ["3.lock", "7.lock", "8.lock"]) mkdirSync(join(directory, name));
    for (const [name, text] of Object.entries({
      "7.json": "{}",
      "6.json.released": "{}",
      ".dead.new": JSON.stringify({ ...ownMark(), startTicks: "1" }),
      ".alive.new": JSON.stringify(ownMark()),
      ".cut-off.new": "{",
      ".just-made.new": "",
    }))
      writeFileSync(join(directory, name), text);
    for (const name of [".alive.new", ".cut-off.new"])
      utimesSync(join(directory, name), minutesAgo, minutesAgo);
    removeLockLeftovers(directory, 7);
    expect(readdirSync(directory).toSorted()).toEqual(
      ["7.json", "7.lock", "8.lock", ".alive.new", ".just-made.new"].toSorted(),
    );
  });
});
