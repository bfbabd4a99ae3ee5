import { describe, expect, test } from "vitest";
import { admitted, convert, textOf } from "../../../test/support/script-limits.ts";
import { resolveQuota } from "../../core/quota/resolve.ts";
import type { Conversion } from "./convert.ts";

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
