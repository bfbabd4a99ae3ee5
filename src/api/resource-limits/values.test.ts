import { describe, expect, test } from "vitest";
import {
  readContainers,
  readCpuQuota,
  readCpus,
  readDockerBytes,
  readDuration,
  readGpus,
  readHours,
  readIpcMode,
  readMemorySwap,
  readPriority,
  readProcesses,
  readSwitch,
  readSystemdBytes,
} from "./values.ts";
import type { Reading } from "./values.ts";

/** The value, or what is wrong, or the topic it is left out under. */
function told(reading: Reading): unknown {
  if ("value" in reading) return reading.value;
  return "topic" in reading ? { topic: reading.topic } : reading.wrong;
}

describe("values of the scripts", () => {
  const noLimit = [null, "null", "None", "unlimited", "never", "infinity", "indefinite", ""];

  test.each(noLimit)("%o is no limit, wherever a limit stands", (written) => {
    for (const read of [
      readCpus,
      readDockerBytes,
      readMemorySwap,
      readSystemdBytes,
      readCpuQuota,
      readProcesses,
      readContainers,
      readGpus,
    ]) {
      expect(told(read(written))).toBe("unlimited");
    }
    expect([told(readHours(written)), told(readDuration(written))]).toEqual(["never", "never"]);
  });

  test.each([
    ["64g", "64Gi"],
    ["64G", "64Gi"],
    ["64gb", "64Gi"],
    ["64 GiB", "64Gi"],
    ["1.5g", "1536Mi"],
    ["512m", "512Mi"],
    ["2t", "2Ti"],
    ["1p", "1024Ti"],
    [1_048_576, "1Mi"],
    ["1000b", "1000"],
    [0, "unlimited"],
    [
      "64 giga",
      '"64 giga" is not a size; write it as Docker does, such as 32g or 512m, or null for no limit',
    ],
    [-1, "-1 is not a size; write it as Docker does, such as 32g or 512m, or null for no limit"],
    [true, "true is not a size; write it as Docker does, such as 32g or 512m, or null for no limit"],
  ])("Docker's %o of memory is %s", (written, wanted) => {
    expect(told(readDockerBytes(written))).toBe(wanted);
  });

  test("swap of -1 is unlimited, as for Docker", () => {
    expect(told(readMemorySwap(-1))).toBe("unlimited");
    expect(told(readMemorySwap("64g"))).toBe("64Gi");
  });

  test.each([
    ["96G", "96Gi"],
    ["86G", "86Gi"],
    ["0.5T", "512Gi"],
    ["80%", `"80%" is a share of the machine's memory, which is not known here; write the size, such as 96G`],
    ["many", '"many" is not a size; write it as systemd does, such as 96G'],
  ])("systemd's %o of memory is %s", (written, wanted) => {
    expect(told(readSystemdBytes(written))).toBe(wanted);
  });

  test.each([
    ["9600%", 96],
    ["150%", 1.5],
    [9600, "9600 is not a share of CPU time; write it as systemd does: 9600% is 96 CPUs"],
  ])("a CPU quota of %o is %s", (written, wanted) => {
    expect(told(readCpuQuota(written))).toBe(wanted);
  });

  test.each([
    [32, 32],
    [0.5, 0.5],
    ["16", 16],
    [0, "unlimited"],
    [-2, "-2 is not a number of CPUs; write one such as 8 or 0.5, or null for no limit"],
    [[8], "[8] is not a number of CPUs; write one such as 8 or 0.5, or null for no limit"],
  ])("%o CPUs are %s", (written, wanted) => {
    expect(told(readCpus(written))).toBe(wanted);
  });

  test("counts are whole; 0 processes are no limit, 0 containers are none", () => {
    expect([4096, "4096", 0, -1].map((written) => told(readProcesses(written)))).toEqual([
      4096,
      4096,
      "unlimited",
      "unlimited",
    ]);
    expect([3, 0].map((written) => told(readContainers(written)))).toEqual([3, 0]);
    expect(told(readContainers(2.5))).toContain("2.5 is not a number of containers");
    expect(told(readGpus(-1))).toContain("-1 is not a number of GPUs");
  });

  test.each([
    [24, "24h"],
    [168, "168h"],
    [0.5, "30m"],
    [0.25, "15m"],
    ["0.5", "30m"],
    [1.75, "1h45m"],
    ["24h", "24h"],
    ["soon", '"soon" is not a number of hours; write one such as 24 or 0.5, or null for none'],
    [-1, "-1 is not a number of hours; write one such as 24 or 0.5, or null for none"],
    [1e30, "1e+30 is not a number of hours; write one such as 24 or 0.5, or null for none"],
  ])("%o hours are %s", (written, wanted) => {
    expect(told(readHours(written))).toBe(wanted);
  });

  test("a unit in a key that has one in its name is told of, for the scripts did not understand it", () => {
    expect(readHours("24h")).toHaveProperty("remark", "the scripts did not understand a unit in this key");
  });

  test.each([
    ["0.5h", "30m"],
    ["48h", "48h"],
    ["30m", "30m"],
    ["2 H", "2h"],
    ["1d", "1d"],
    ["soon", '"soon" is not a time; write one such as 24h or 30m, or null for none'],
    [48, "48 has no unit (the scripts took it as seconds); write 48h, 48m or 48s"],
  ])("a time of %o is %s", (written, wanted) => {
    expect(told(readDuration(written))).toBe(wanted);
  });

  test("switches are also those of YAML 1.1, which the scripts read", () => {
    expect([true, "yes", "On", false, "no", "off"].map((written) => told(readSwitch(written)))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(told(readSwitch(1))).toBe("1 is not true or false");
  });

  test("a priority that ds01 does not have is left out, a wrong one is an error", () => {
    expect([50, 100, 0].map((written) => told(readPriority(written)))).toEqual([50, 100, 0]);
    expect(told(readPriority(1000))).toEqual({ topic: "outOfRange" });
    expect(told(readPriority("high"))).toContain("is not a priority");
  });

  test("host IPC is granted, not given", () => {
    expect(told(readIpcMode("host"))).toBe(true);
    expect(told(readIpcMode("private"))).toBe(false);
    expect(told(readIpcMode("container:x"))).toContain("write host or private");
  });
});
