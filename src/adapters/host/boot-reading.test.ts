import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootReading, type BootReadingOptions } from "./boot-reading.ts";
import { systemClock } from "./system-clock.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "ds01-boot-"));
  writeFileSync(join(directory, "boot_id"), "b00t\n");
  writeFileSync(
    join(directory, "stat"),
    `1 (in) it (x)) S ${Array.from({ length: 18 }, () => 0).join(" ")} 77 0\n`,
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Time that goes by, and a wall clock that can be set. */
function machine(): { upMs: number; setMs: number; pausesMs: number[]; options: BootReadingOptions } {
  const it = {
    upMs: 50_000,
    setMs: 0,
    pausesMs: [] as number[],
    options: {
      wall: () => 1_000_000 + it.upMs + it.setMs,
      uptime: () => {
        const seconds = it.upMs / 1000;
        it.upMs += it.pausesMs.shift() ?? 0;
        return seconds;
      },
      bootIdPath: join(directory, "boot_id"),
      firstProcessPath: join(directory, "stat"),
    },
  };
  return it;
}

describe("where the wall clock stands", () => {
  test("says the same while time goes by, and another time once the clock was set", () => {
    const it = machine();
    const read = bootReading(it.options);
    expect(read()).toEqual({ boot: "b00t/77", bootedAt: 1_000_000 });
    it.upMs += 3_600_000;
    it.setMs += 400;
    expect(read()).toEqual({ boot: "b00t/77", bootedAt: 1_000_000 });
    it.setMs += 86_400_000;
    expect(read()).toEqual({ boot: "b00t/77", bootedAt: 87_400_400 });
  });

  test("a pause in the midst of a look is no clock that was set", () => {
    const it = machine();
    const read = bootReading(it.options);
    const before = read();
    it.pausesMs = [5000, 1500];
    expect(read()).toBe(before);
  });

  test("is not known where the kernel does not say which boot it is", () => {
    expect(bootReading({ ...machine().options, bootIdPath: join(directory, "none") })()).toBeNull();
  });

  test.runIf(process.platform === "linux")("is known of this machine", () => {
    const reading = systemClock.reading();
    expect(reading?.boot).toMatch(/^[0-9a-f-]{36}\/\d+$/);
    expect(systemClock.reading()).toBe(reading);
    expect(reading?.bootedAt).toBeLessThan(Date.now());
  });
});
