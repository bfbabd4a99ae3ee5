import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatBytes, parseBytes, parseCpus } from "./quantity.ts";

describe("parseBytes", () => {
  it.each([
    ["0", 0],
    ["512Mi", 536_870_912],
    ["32Gi", 34_359_738_368],
    ["16G", 16_000_000_000],
    ["1.5Gi", 1_610_612_736],
    ["1024k", 1_024_000],
  ])("reads %s", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(["", "32 GB", "32GB", "-1Gi", "1e9", "Gi", "10Pi", "NaN"])("refuses %j", (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });

  it("reads back whole binary amounts that formatBytes wrote", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1023 }),
        fc.constantFrom(1, 1024, 1024 ** 2, 1024 ** 3),
        (amount, unit) => {
          expect(parseBytes(formatBytes(amount * unit))).toBe(amount * unit);
        },
      ),
    );
  });
});

describe("parseCpus", () => {
  it.each([
    [8, 8],
    ["0.5", 0.5],
    ["500m", 0.5],
    ["2", 2],
  ])("reads %s", (value, cpus) => {
    expect(parseCpus(value)).toBe(cpus);
  });

  it.each(["", "-1", "1k", Number.NaN, -2, Number.POSITIVE_INFINITY])("refuses %s", (value) => {
    expect(parseCpus(value)).toBeUndefined();
  });
});
