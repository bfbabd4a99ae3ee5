import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startApiBed } from "./support/api-bed.ts";
import { Recorder } from "./wire/recorder.ts";
import { fill, scenarios } from "./wire/scenarios.ts";

const directory = join(import.meta.dirname, "wire/golden");

describe("what goes over the wire is what is written down; if it is meant to change: npm run wire", () => {
  it.each(scenarios)("$name", async ({ name, record }) => {
    const bed = await startApiBed({ historyLength: 4 });
    await fill(bed);
    const recorder = new Recorder(bed);
    await record(recorder, bed);
    const path = join(directory, `${name}.http`);
    // Vitest would write a missing file and be content.
    const isUpdate = process.env["UPDATE_WIRE"] === "1";
    expect(isUpdate || existsSync(path), `${path} is there`).toBe(true);
    await expect(recorder.text()).toMatchFileSnapshot(path);
  });

  it("has no file of something that is no longer asked", () => {
    const expected = scenarios.map(({ name }) => `${name}.http`).toSorted();
    expect(readdirSync(directory).toSorted()).toEqual(expected);
  });
});
