import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { admitted, convert } from "../../../test/support/script-limits.ts";
import { resolveQuota } from "../../core/quota/resolve.ts";
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

function textOf(conversion: Conversion, name: string): string {
  return conversion.quotas.find((quota) => quota.name === name)?.text ?? "";
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

describe("who gets what", () => {
  const nominal = (conversion: Conversion, user: string) =>
    resolveQuota(user, [], admitted(conversion)).gpuNominal.value;

  test("everybody gets defaults and the default group; other groups get defaults and their own", () => {
    const conversion = convert({
      limits: {
        defaults: { max_gpu_equivalents: 1, memory: "32g" },
        default_group: "student",
        groups: {
          student: { max_gpu_equivalents: 2, max_runtime_h: 8, priority: 30 },
          guest: { members: ["eve"], memory: "8g" },
        },
      },
    });
    const quotas = admitted(conversion);
    expect(nominal(conversion, "anybody")).toBe(2);
    const eve = resolveQuota("eve", [], quotas);
    expect([eve.gpuNominal.value, eve.maximums.memoryBytes.value]).toEqual([1, 8 * 1024 ** 3]);
    // What only the default group says is nothing of a guest's.
    expect([eve.maxRuntimeMs.value, eve.priority.value]).toEqual([null, 50]);
    expect(textOf(conversion, "guest")).toContain(
      "maxRuntime: never  # the file says it only for the default group",
    );
    expect(textOf(conversion, "guest")).toMatch(/nominal: 1 +# from defaults.max_gpu_equivalents\n/);
  });

  test("what the file never says is what the scripts took then, and says so", () => {
    const conversion = convert({ limits: { defaults: { memory: "64g" } } });
    expect(textOf(conversion, "default")).toMatch(
      /cpus: 16 +# what the scripts took where the file says nothing\n/,
    );
    expect(resolveQuota("bob", [], admitted(conversion))).toMatchObject({
      maxContainers: { value: 3 },
      gpuNominal: { value: 1 },
      gpuMaxPerContainer: { value: 1 },
      allowFullGpu: { value: false },
      maximums: { cpus: { value: 16 }, memoryBytes: { value: 64 * 1024 ** 3 }, pidsLimit: { value: 4096 } },
      maxRuntimeMs: { value: null },
    });
  });

  test("an override lies on top of the user's group, and says where the scripts gave something else", () => {
    const conversion = convert({
      limits: {
        defaults: { memory: "32g", max_cpus: 8 },
        groups: { researcher: { members: ["ada", "bob"], memory: "64g", max_cpus: 48 } },
        user_overrides: { ada: { max_cpus: 2, reason: 'a "small" job' } },
      },
    });
    const ada = resolveQuota("ada", [], admitted(conversion));
    expect([ada.maximums.cpus.value, ada.maximums.memoryBytes.value]).toEqual([2, 64 * 1024 ** 3]);
    expect(ada.primary).toBe("ada");
    expect(admitted(conversion)[1]?.spec?.subjects.users).toEqual(["bob"]);
    expect(textOf(conversion, "ada")).toContain('    reason: "a \\"small\\" job"\n');
    expect(conversion.notes).toMatchObject([
      {
        kind: "changed",
        field: "ada",
        message: expect.stringContaining("perContainer.max.memory 64Gi (32Gi)") as string,
      },
    ]);
  });

  test("the file of overrides beats the ones inside, user by user", () => {
    const conversion = convert({
      limits: { user_overrides: { ada: { max_cpus: 1 }, bob: { max_cpus: 2 } } },
      overrides: { ada: { max_cpus: 3 } },
    });
    const cpus = (user: string) => resolveQuota(user, [], admitted(conversion)).maximums.cpus.value;
    expect([cpus("ada"), cpus("bob")]).toEqual([3, 2]);
    expect(conversion.notes).toMatchObject([
      {
        kind: "changed",
        field: "user_overrides.ada",
        message: expect.stringContaining("that counts") as string,
      },
    ]);
  });

  test("a user belongs to the first group that names them, whatever the quotas are called", () => {
    const conversion = convert({
      limits: {
        groups: { zoo: { max_gpu_equivalents: 1 }, ark: { members: ["ada"], max_gpu_equivalents: 9 } },
      },
      members: { zoo: "ada\n" },
    });
    expect(nominal(conversion, "ada")).toBe(1);
    expect(conversion.notes).toMatchObject([
      { field: "groups.ark.members[0]", message: expect.stringContaining("not listed in ark") as string },
    ]);
  });

  test("of the two bounds of a user's GPUs the smaller one counts, and an override of the total beats it", () => {
    const conversion = convert({
      limits: {
        groups: {
          lab: { members: ["ada", "bob"], max_gpu_equivalents: 4, aggregate: { gpu_limit: 2 } },
        },
        user_overrides: { ada: { max_gpu_equivalents: 3 } },
      },
    });
    expect([nominal(conversion, "bob"), nominal(conversion, "ada")]).toEqual([2, 3]);
    expect(textOf(conversion, "lab")).toMatch(
      /nominal: 2 +# from groups.lab.aggregate.gpu_limit, less than 4\n/,
    );
    expect(conversion.notes.at(-1)).toMatchObject({
      message: expect.stringContaining("to hold ada to 2") as string,
    });
  });

  test("switched-off aggregates bound nothing", () => {
    const conversion = convert({
      limits: {
        enforcement: { aggregate_limits: "no" },
        groups: { lab: { members: ["bob"], max_gpu_equivalents: 4, aggregate: { gpu_limit: 2 } } },
      },
    });
    expect(nominal(conversion, "bob")).toBe(4);
    expect(conversion.notes).toMatchObject([{ field: "groups.lab.aggregate", standing: "dead" }]);
  });

  test("names of quotas are valid and different, whatever users and groups are called", () => {
    const conversion = convert({
      limits: {
        groups: { Default: { members: ["a"] }, Lab_1: { members: ["b"] } },
        user_overrides: { "x.y@example.org": {}, "x_y@example.org": {}, _: {} },
      },
    });
    expect(admitted(conversion).map(({ name }) => name)).toEqual([
      "default",
      "default-2",
      "lab-1",
      "x.y-example.org",
      "x-y-example.org",
      "quota",
    ]);
  });

  test("a group without members gets nobody, and says so", () => {
    const conversion = convert({ limits: { groups: { admin: { max_gpu_equivalents: null } } } });
    expect(textOf(conversion, "admin")).toMatch(/users: \[\] +# no members are known: name them here/);
    expect(admitted(conversion)[1]?.spec?.subjects).toEqual({ users: [], default: false });
    expect(conversion.notes).toMatchObject([
      { kind: "changed", field: "groups.admin", message: expect.stringContaining("nobody gets") as string },
      { kind: "left-out", standing: "elsewhere", field: "groups.admin" },
    ]);
  });

  test("a default group that does not exist changes nothing", () => {
    const conversion = convert({ limits: { defaults: { max_cpus: 4 }, default_group: "gone" } });
    expect(resolveQuota("bob", [], admitted(conversion)).maximums.cpus.value).toBe(4);
    expect(conversion.notes).toMatchObject([{ kind: "changed", field: "default_group" }]);
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
