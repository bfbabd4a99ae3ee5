import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../test/support/silent-log.ts";
import { removeUnfinishedFiles } from "./unfinished-files.ts";

describe("what a killed controller has left half-written", () => {
  let stateDir: string;

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), "ds01-unfinished-"));
    for (const folder of ["api", "sources", "container-metadata"]) mkdirSync(join(stateDir, folder));
  });

  afterEach(() => rmSync(stateDir, { recursive: true }));

  it("should be removed, and nothing else", async () => {
    const gone = [".tombstones.json.12.3.tmp", "api/.ca.key.12.1.tmp", "container-metadata/.a.json.1.2.tmp"];
    const stays = ["tombstones.json", ".hidden.tmp", "api/ca.key", "sources/.a.json.12.3.tmp"];
    for (const name of [...gone, ...stays]) writeFileSync(join(stateDir, name), "");
    await removeUnfinishedFiles(stateDir, silentLog());
    const found = readdirSync(stateDir, { recursive: true }).map(String);
    expect(found.toSorted()).toEqual([...stays, "api", "sources", "container-metadata"].toSorted());
  });

  it("should hold nobody up who has no such folders", async () => {
    rmSync(join(stateDir, "api"), { recursive: true });
    await expect(removeUnfinishedFiles(stateDir, silentLog())).resolves.toBeUndefined();
  });
});
