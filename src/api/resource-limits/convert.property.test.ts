import fc from "fast-check";
import { expect, test } from "vitest";
import { admitted, convert } from "../../../test/support/script-limits.ts";
import { resolveQuota } from "../../core/quota/resolve.ts";
import type { ResolvedQuota } from "../../core/quota/limits.ts";

/** A key as the file has it, and what its value means: null is no limit. */
interface Written {
  readonly key: string;
  readonly value: unknown;
  readonly means: number | boolean | null;
}

const gi = 1024 ** 3;
const hourMs = 3_600_000;
const noLimit = fc.constantFrom<unknown>(null, "null", "unlimited");

/** One limit under its name, with or without a value. */
function limit(key: string, amount: fc.Arbitrary<readonly [value: unknown, means: number | boolean]>) {
  return fc.oneof(
    { weight: 3, arbitrary: amount.map(([value, means]): Written => ({ key, value, means })) },
    { weight: 1, arbitrary: noLimit.map((value): Written => ({ key, value, means: null })) },
  );
}

const counts = fc.integer({ min: 1, max: 200 }).map((count) => [count, count] as const);
const shares = fc.integer({ min: 0, max: 40 }).map((count) => [count / 4, count / 4] as const);
const sizes = fc
  .tuple(fc.integer({ min: 1, max: 512 }), fc.constantFrom("g", "G", "gb", "GiB"))
  .map(([amount, unit]) => [`${amount}${unit}`, amount * gi] as const);
const hours = fc
  .integer({ min: 1, max: 400 })
  .map((quarters) => [quarters / 4, (quarters / 4) * hourMs] as const);
const minutes = fc.integer({ min: 1, max: 600 }).map((count) => [`${count}m`, count * 60_000] as const);

/** What the scripts know, by the field of a resolved quota; `older` names are read as well. */
const fields = {
  maxContainers: limit("max_containers_per_user", counts),
  gpuNominal: limit("max_gpu_equivalents", shares),
  gpuMaxPerContainer: fc.oneof(
    limit("max_gpu_slots_per_container", counts),
    limit("max_gpus_per_container", counts),
  ),
  allowFullGpu: fc.boolean().map((value): Written => ({ key: "allow_full_gpu", value, means: value })),
  cpus: fc.oneof(limit("max_cpus", counts), limit("cpus", counts)),
  memoryBytes: limit("memory", sizes),
  memorySwap: limit("memory_swap", sizes),
  shmSizeBytes: limit("shm_size", sizes),
  pidsLimit: limit("pids_limit", counts),
  maxRuntimeMs: fc.oneof(limit("max_runtime_h", hours), limit("max_runtime", minutes)),
  holdGpuAfterStopMs: fc.oneof(limit("gpu_hold_after_stop_h", hours), limit("gpu_hold_after_stop", minutes)),
  removeAfterStopMs: limit("container_hold_after_stop_h", hours),
  priority: fc
    .integer({ min: 0, max: 100 })
    .map((value): Written => ({ key: "priority", value, means: value })),
} as const;
type Field = keyof typeof fields;
type Section = Readonly<Partial<Record<Field, Written>>>;

const section: fc.Arbitrary<Section> = fc.record(fields, { requiredKeys: [] });
const users = ["ada", "bob", "h.baker@example.org", "007", "nobody"];
const groupNames = ["student", "lab", "admin"];

const documents = fc.record({
  defaults: section,
  groups: fc.dictionary(fc.constantFrom(...groupNames), section, { maxKeys: 3 }),
  defaultGroup: fc.option(fc.constantFrom(...groupNames), { nil: undefined }),
  members: fc.dictionary(fc.constantFrom(...users), fc.constantFrom(...groupNames)),
  overrides: fc.dictionary(fc.constantFrom(...users), section, { maxKeys: 2 }),
});

/** What the scripts took where the file says nothing, else what ds01 does. */
const otherwise: Readonly<Record<Field, number | boolean | null>> = {
  maxContainers: 3,
  gpuNominal: 1,
  gpuMaxPerContainer: 1,
  allowFullGpu: false,
  cpus: 16,
  memoryBytes: 32 * gi,
  memorySwap: false,
  shmSizeBytes: 16 * gi,
  pidsLimit: 4096,
  maxRuntimeMs: null,
  holdGpuAfterStopMs: hourMs / 4,
  removeAfterStopMs: null,
  priority: 50,
};

function textOf(one: Section): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.values(one).map(({ key, value }) => [key, value]));
}

/** false stands for no swap. */
function resolved(quota: ResolvedQuota, field: Field): unknown {
  if (field === "memorySwap") {
    const { value } = quota.memorySwap.most;
    return value === "unlimited" ? null : (value ?? "none") === "none" ? false : value;
  }
  return field === "cpus" || field === "memoryBytes" || field === "shmSizeBytes" || field === "pidsLimit"
    ? quota.maximums[field].value
    : quota[field].value;
}

test("everybody gets, by the quotas, what override, group and defaults say, in this order", () => {
  fc.assert(
    fc.property(documents, ({ defaults, groups, defaultGroup, members, overrides }) => {
      const conversion = convert({
        limits: {
          defaults: textOf(defaults),
          groups: Object.fromEntries(Object.entries(groups).map(([name, one]) => [name, textOf(one)])),
          ...(defaultGroup === undefined ? {} : { default_group: defaultGroup }),
        },
        members: Object.fromEntries(
          groupNames.map((name) => [
            name,
            Object.keys(members)
              .filter((user) => members[user] === name)
              .join("\n"),
          ]),
        ),
        overrides: Object.fromEntries(Object.entries(overrides).map(([user, one]) => [user, textOf(one)])),
      });
      expect(conversion.problems).toEqual([]);
      const quotas = admitted(conversion);
      for (const user of users) {
        const named = members[user];
        const group = named !== undefined && named in groups ? named : (defaultGroup ?? "student");
        const quota = resolveQuota(user, [], quotas);
        for (const field of Object.keys(fields) as Field[]) {
          const said = [overrides[user], groups[group], defaults].find((one) => one?.[field] !== undefined);
          const wanted = said?.[field] === undefined ? otherwise[field] : said[field].means;
          expect([user, field, resolved(quota, field)]).toEqual([user, field, wanted]);
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** Anything in the place of anything, under names that mean something. */
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      "null",
      "64g",
      "0.5h",
      "9600%",
      "no",
      -1,
      0,
      3,
      1e30,
      Number.NaN,
      "",
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(
          "defaults",
          "groups",
          "student",
          "user_overrides",
          "members",
          "aggregate",
          "gpu_limit",
          "memory",
          "max_cpus",
          "max_mig_instances",
          "max_runtime_h",
          "policies",
          "container_types",
          "gpu_allocation",
          "mig_instances_per_gpu",
          "default_group",
          "enforcement",
          "reason",
        ),
        fc.string({ maxLength: 8 }),
      ),
      tie("value"),
      { maxKeys: 6 },
    ),
  ),
})).value;

test("whatever stands in the files, either every problem has its place or every quota is valid", () => {
  const limits = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.record({ defaults: anything, groups: anything, user_overrides: anything, policies: anything }),
    anything.map((value) => (typeof value === "object" && value !== null ? value : {})),
  );
  const members = fc.dictionary(fc.constantFrom("student", "lab"), fc.string({ unit: "binary" }));
  const overrides = fc.oneof(fc.string({ unit: "binary" }), fc.dictionary(fc.string(), anything));
  fc.assert(
    fc.property(limits, members, overrides, (file, memberFiles, overrideFile) => {
      const conversion = convert({ limits: file, members: memberFiles, overrides: overrideFile });
      for (const { message, position } of conversion.problems) {
        expect(message).not.toBe("");
        expect(position?.line).toBeGreaterThan(0);
      }
      for (const { position } of conversion.notes) expect(position.column).toBeGreaterThan(0);
      expect(admitted(conversion).length > 0).toBe(conversion.problems.length === 0);
    }),
    { numRuns: 500 },
  );
});

test("the reason of an override survives as it was written", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (reason) => {
      const { quotas, problems } = convert({ limits: { user_overrides: { ada: { reason } } } });
      fc.pre(problems.length === 0 && reason !== "");
      const text = quotas.find(({ name }) => name === "ada")?.text ?? "";
      expect(text).toContain(`reason: ${JSON.stringify(reason)}\n`);
      admitted({ quotas, problems, notes: [] });
    }),
  );
});
