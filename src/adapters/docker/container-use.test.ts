import { expect, it } from "vitest";
import { useOf } from "./container-use.ts";

const json = {
  read: "2026-03-01T12:00:02.000000000Z",
  preread: "2026-03-01T12:00:01.000000000Z",
  cpu_stats: { cpu_usage: { total_usage: 3_500_000_000 } },
  precpu_stats: { cpu_usage: { total_usage: 2_000_000_000 } },
  memory_stats: { usage: 5_000, stats: { inactive_file: 1_000 } },
  pids_stats: { current: 3 },
};

it("counts CPUs over the time between two looks, and memory without caches", () => {
  expect(useOf(json)).toEqual({ cpus: 1.5, windowMs: 1000, memoryBytes: 4_000, pids: 3 });
});

it("says nothing of what does not run", () => {
  expect(
    useOf({ read: "0001-01-01T00:00:00Z", preread: "0001-01-01T00:00:00Z", cpu_stats: {}, memory_stats: {} }),
  ).toBeNull();
  expect(useOf({ ...json, preread: "0001-01-01T00:00:00Z", precpu_stats: {} })).toBeNull();
});
