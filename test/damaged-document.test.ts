import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { documentFile } from "../src/adapters/store/document-file.ts";
import { EmergencyDesk } from "../src/controller/emergency-desk.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { silentLog } from "./support/silent-log.ts";

test.each(['{"version":1,"stops":[{"user', '{"version":1,"stops":[{"user":5}]}'])(
  "the damaged file %s stays until somebody decides, and a copy of it for longer",
  async (damaged) => {
    const directory = mkdtempSync(join(tmpdir(), "ds01-damaged-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "stops.json");
    writeFileSync(path, damaged);
    const newDesk = (mayWrite: boolean): EmergencyDesk =>
      new EmergencyDesk({
        document: documentFile({ path, log: silentLog(), mayWrite: () => mayWrite }),
        clock: new ManualClock(),
        events: { record: () => undefined },
        log: silentLog(),
        onChange: () => undefined,
      });
    expect(newDesk(false).unreadable).toBe(true);
    expect(readdirSync(directory)).toEqual(["stops.json"]);
    const desk = newDesk(true);
    expect(readFileSync(path, "utf8")).toBe(damaged);
    expect(newDesk(true).unreadable).toBe(true);
    await desk.resume(null, "root");
    expect(newDesk(true).stops).toEqual([]);
    expect(readFileSync(`${path}.corrupt`, "utf8")).toBe(damaged);
  },
);
