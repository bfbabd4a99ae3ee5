import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { admitted, convert, textOf } from "../../../test/support/script-limits.ts";
import { renderProblem } from "../problem.ts";
import type { Conversion } from "./convert.ts";

const folder = join(import.meta.dirname, "../../../test/testdata/resource-limits");
const read = (path: string) => readFileSync(join(folder, path), "utf8");

function realistic(): Conversion {
  const names = readdirSync(join(folder, "groups"));
  return convert({
    limits: read("resource-limits.yaml"),
    members: Object.fromEntries(
      names.map((name) => [name.replace(/\.members$/, ""), read(`groups/${name}`)]),
    ),
    overrides: read("user-overrides.yaml"),
  });
}

describe("a realistic file", () => {
  test("becomes the quotas of the golden file", () => {
    const conversion = realistic();
    expect(conversion.problems).toEqual([]);
    expect(conversion.quotas.map(({ text }) => text).join("---\n")).toBe(read("expected.yaml"));
    expect(admitted(conversion)).toHaveLength(6);
  });

  test("gives every value the key that it comes from", () => {
    for (const { text } of realistic().quotas) {
      const values = text.split("\n").filter((line) => /^ {2,}[a-zA-Z]+: [^{]+$/.test(line));
      const bare = values.filter((line) => !line.includes("# "));
      expect(bare.filter((line) => !/^ {2,4}(?:name|default|reason): /.test(line))).toEqual([]);
    }
  });
});

describe("GPUs", () => {
  const fieldsOf = (defaults: object, perGpu?: object) => {
    const conversion = convert({
      limits: { defaults, ...(perGpu === undefined ? {} : { gpu_allocation: perGpu }) },
    });
    return { text: textOf(conversion, "default"), notes: conversion.notes };
  };

  test("numbers of MIG instances become GPU-equivalents by the instances of a GPU", () => {
    const { text } = fieldsOf(
      { max_mig_instances: 6, max_mig_per_container: 4 },
      { mig_instances_per_gpu: 4 },
    );
    expect(text).toMatch(
      /nominal: 1\.5 +# from defaults.max_mig_instances: 6 of 4 instances to a GPU \(gpu_allocation.mig_instances_per_gpu\)\n/,
    );
    expect(text).toMatch(/maxPerContainer: 1 +#/);
  });

  test("sevenths are rounded up, so that as many slices as before fit", () => {
    for (const slices of [1, 2, 3, 4, 5, 6, 7]) {
      const { text } = fieldsOf({ max_mig_instances: slices }, { slots_per_gpu: 7 });
      const nominal = Number(/nominal: ([\d.]+)/.exec(text)?.[1]);
      expect(Math.floor(nominal * 7 + 1e-6)).toBe(slices);
    }
  });

  test("without the instances of a GPU they stay what the last scripts took them for", () => {
    const { text } = fieldsOf({ max_mig_instances: 2, max_gpus_per_container: 1 });
    expect(text).toContain(
      "# from defaults.max_mig_instances: counted instances, which the last scripts took as GPU-equivalents\n",
    );
    expect(text).toMatch(/maxPerContainer: 1 +# .*: counted devices, ds01 counts GPU-equivalents\n/);
  });

  test("the newer name of a limit counts, and the older one is told of", () => {
    const { text, notes } = fieldsOf({ max_mig_instances: 8, max_gpu_equivalents: 2.5 });
    expect(text).toMatch(/nominal: 2.5 +# from defaults.max_gpu_equivalents\n/);
    expect(notes).toMatchObject([{ field: "defaults.max_mig_instances", standing: "dead", detail: "8" }]);
  });

  test("how many instances make up a GPU is told of where nothing counts them", () => {
    const { notes } = fieldsOf({ max_gpu_equivalents: 2 }, { mig_instances_per_gpu: 4 });
    expect(notes).toMatchObject([{ field: "gpu_allocation.mig_instances_per_gpu", standing: "dead" }]);
  });
});

describe("what is left out", () => {
  test("is told of with its place; a misspelt key with the right one", () => {
    const { notes } = convert({
      limits:
        "defaults:\n  max_cpu: 4\n  io_read_bps: 500M\npolicys: {}\ncontainer_types:\n  api: {max_runtime_h: 24}\n",
    });
    const told = notes.map(({ file, position, field, ...note }) => [
      `${file}:${position.line}:${position.column}`,
      field,
      note.kind === "left-out" ? note.detail : "",
    ]);
    expect(told).toEqual([
      ["resource-limits.yaml:2:3", "defaults.max_cpu", "did you mean max_cpus?"],
      ["resource-limits.yaml:3:3", "defaults.io_read_bps", "500M"],
      ["resource-limits.yaml:4:1", "policys", "did you mean policies?"],
      ["resource-limits.yaml:6:3", "container_types.api", "max_runtime_h 24"],
    ]);
  });

  test("0 as a time is what the scripts took it for, or says so", () => {
    const text = textOf(
      convert({
        limits: { defaults: { max_runtime_h: 0, gpu_hold_after_stop_h: 0, container_hold_after_stop_h: 0 } },
      }),
      "default",
    );
    expect(text).toMatch(/maxRuntime: never +# .*: the scripts took 0 as no limit\n/);
    expect(text).toMatch(/holdGpuAfterStop: 0s +# .*: the scripts took 0 as for ever\n/);
    expect(text).toMatch(/removeAfterStop: 0s +# from defaults.container_hold_after_stop_h\n/);
  });
});

describe("what is wrong", () => {
  const problemsOf = (given: Parameters<typeof convert>[0]) => {
    const conversion = convert(given);
    expect(conversion.quotas).toEqual([]);
    return conversion.problems.map(renderProblem);
  };

  test("is reported at once, of every file, with place, key, what was found and what is expected", () => {
    const limits = [
      "defaults:",
      "  memory: lots",
      "  max_cpus: -4",
      "  max_cpus: 8",
      "groups:",
      "  student: [alice]",
      "  lab:",
      "    members: alice",
      "    allow_full_gpu: maybe",
      "    aggregate: {cpu_quota: 9600, memory_max: 80%}",
      "gpu_allocation: {mig_instances_per_gpu: none}",
      "",
    ].join("\n");
    expect(
      problemsOf({
        limits,
        members: { lab: "bob\n  john doe  # both\n" },
        overrides: "ada: 4\nuser_overrides: {}\n",
      }),
    ).toEqual([
      'resource-limits.yaml:2:11: error: defaults.memory: "lots" is not a size; write it as Docker does, such as 32g or 512m, or null for no limit',
      "resource-limits.yaml:3:13: error: defaults.max_cpus: -4 is not a number of CPUs; write one such as 8 or 0.5, or null for no limit",
      "resource-limits.yaml:4:3: error: defaults.max_cpus: is set twice, first in line 3; remove one of the two",
      'resource-limits.yaml:6:12: error: groups.student: a list stands here, but a map is expected: "name: value" on each line',
      "resource-limits.yaml:8:14: error: groups.lab.members: a list of user names is expected, such as [alice, bob]",
      'resource-limits.yaml:9:21: error: groups.lab.allow_full_gpu: "maybe" is not true or false',
      "resource-limits.yaml:10:28: error: groups.lab.aggregate.cpu_quota: 9600 is not a share of CPU time; write it as systemd does: 9600% is 96 CPUs",
      `resource-limits.yaml:10:46: error: groups.lab.aggregate.memory_max: "80%" is a share of the machine's memory, which is not known here; write the size, such as 96G`,
      'resource-limits.yaml:11:41: error: gpu_allocation.mig_instances_per_gpu: "none" is not a number of slices; write how many make up a GPU, such as 7',
      'groups/lab.members:2:3: error: "john doe" is not a user name; one name is expected here, of letters, digits, "_", ".", "@" and "-"',
      'user-overrides.yaml:1:6: error: ada: a single value stands here, but a map is expected: "name: value" on each line',
      "user-overrides.yaml:2:1: error: user_overrides: in this file user names stand at the top; remove this line and the indent below it",
    ]);
  });

  test.each([
    ["", "this is no such file; resource-limits.yaml has defaults, groups or user_overrides"],
    ["apiVersion: ds01.io/v1alpha1\nkind: QuotaSpec\n", "this is a file of ds01 itself"],
    ["[1, 2]\n", "a list stands here, but a map is expected"],
    ["defaults: {}\n---\ngroups: {}\n", "a second document begins here"],
    ["defaults:\n\tmemory: 1g\n", "a tab is used to indent"],
    ["defaults: {memory: [}\n", "a [ or { above is not closed"],
    ["defaults: *nowhere\n", 'no anchor "&nowhere"'],
  ])("a file %o is refused", (text, said) => {
    const problems = problemsOf({ limits: text });
    expect(problems.join("\n")).toContain(said);
    expect(problems.join("\n")).toContain("resource-limits.yaml:");
  });
});
