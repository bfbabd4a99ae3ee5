import fc from "fast-check";
import { phases, type ContainerSpecSpec } from "../../src/api/container.ts";
import { labels } from "../../src/api/names.ts";
import { freshMemory, type LifecycleMemory } from "../../src/core/lifecycle/memory.ts";
import type { ObservedContainer } from "../../src/core/observed.ts";
import { specHash } from "../../src/core/plan/spec-hash.ts";
import type { ContainerRecord, QuotaRecord } from "../../src/core/record.ts";
import type { Device } from "../../src/core/schedule/device.ts";
import { strategyNames } from "../../src/core/schedule/strategies.ts";
import { migGpu } from "./devices.ts";
import type { PureHost } from "./pure-host.ts";
import { containersOf, someContainer } from "./random-container.ts";
import { admittedQuota } from "./quotas.ts";
import { alice, device, record, spec, startOfTest } from "./world-builder.ts";

const minute = 60_000;
/** A GPU in MIG mode beside whole ones; one of the whole ones is sick in some hosts. */
export const allDevices: readonly Device[] = [
  device(0),
  device(1),
  device(2),
  ...migGpu(3, ["2g.20gb", "2g.20gb", "3g.40gb"]),
];

const times = fc.integer({ min: -30 * minute, max: minute }).map((offset) => startOfTest + offset);
const durations = fc.constantFrom("0s", "10s", "1m", "10m", "never");

const gpuRequests = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 2 },
  { arbitrary: fc.record({ count: fc.nat({ max: 3 }) }), weight: 4 },
  {
    arbitrary: fc.record({
      count: fc.integer({ min: 1, max: 2 }),
      profile: fc.constantFrom("2g.20gb", "7g.80gb"),
    }),
    weight: 1,
  },
);

/** Specs as people write them, parsed. */
export const specs: fc.Arbitrary<ContainerSpecSpec> = fc
  .record(
    {
      image: fc.constantFrom("bed/base:1", "bed/health:1", "bed/missing:1"),
      imagePullPolicy: fc.constantFrom("IfNotPresent", "Always", "Never"),
      desiredState: fc.constantFrom("Running", "Running", "Running", "Stopped"),
      restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
      gpus: gpuRequests,
      env: fc.constantFrom([], [{ name: "A", value: "1" }]),
      user: fc.constantFrom("image", "owner"),
      stopGracePeriod: fc.constantFrom("5s", "30s"),
      resources: fc.record(
        { memory: fc.constantFrom("1Gi", "2Gi"), cpus: fc.constantFrom(1, 2) },
        { requiredKeys: [] },
      ),
      lifecycle: fc.record(
        { maxRuntime: durations, holdGpuAfterStop: durations, removeAfterStop: durations },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: ["image"] },
  )
  .map((fields) => spec(fields));

const failures: fc.Arbitrary<LifecycleMemory["failure"]> = fc.option(
  fc.record({
    generation: fc.constantFrom(1, 1, 2),
    step: fc.constantFrom("pull", "create", "start", "stop", "remove", "rename", "update", "unpause"),
    reason: fc.constantFrom("EngineError", "CommandNotFound"),
    message: fc.constant("it failed"),
    stalled: fc.boolean(),
    attempts: fc.integer({ min: 1, max: 5 }),
    nextAt: fc.oneof(times, fc.constant(Number.MAX_SAFE_INTEGER)),
  }),
  { freq: 2 },
) as fc.Arbitrary<LifecycleMemory["failure"]>;

/** What may be remembered, also what contradicts everything else. */
export function memories(own: ContainerSpecSpec): fc.Arbitrary<LifecycleMemory> {
  const hashes = fc.constantFrom(specHash(own), "v1:other");
  return fc
    .record(
      {
        state: fc.constantFrom(...phases),
        since: times,
        stopCause: fc.constantFrom(null, "SpecStopped", "MaxRuntimeExceeded", "SpecDeleted", "Replaced"),
        attempts: fc.nat({ max: 6 }),
        restarts: fc.nat({ max: 6 }),
        waitingSince: fc.option(times),
        generation: fc.constantFrom(0, 1, 1, 2),
        ranMs: fc.constantFrom(0, minute),
        maxRuntimeMs: fc.constantFrom(null, 5 * minute),
        lastGpus: fc.subarray(
          allDevices.map(({ uuid }) => uuid),
          { maxLength: 2 },
        ),
        applied: fc.option(
          fc.record({
            cpus: fc.constant(1),
            memoryBytes: fc.constant(1024 ** 3),
            pidsLimit: fc.constant(null),
          }),
        ),
        rolledBack: fc.option(
          fc.record({ specHash: hashes, reason: fc.constant("R"), message: fc.constant("m") }),
        ),
        containerId: fc.constantFrom(null, "c0", "c1"),
        finished: fc.option(
          fc.record({
            specHash: hashes,
            state: fc.constantFrom("Completed", "Failed"),
            reason: fc.constant("ExitCode"),
            message: fc.constant("done"),
            exitCode: fc.constantFrom(0, 1),
            at: times,
          }),
          { freq: 2 },
        ),
        failure: failures,
      },
      { requiredKeys: [] },
    )
    .map((fields) => ({ ...freshMemory(startOfTest), ...fields }) as LifecycleMemory);
}

/** Containers that are nobody's of ours: unlabelled, or of another instance, some of them on our GPUs. */
const strangers: fc.Arbitrary<ObservedContainer[]> = fc.array(
  fc
    .tuple(someContainer(record({ name: "elsewhere" })), fc.boolean(), fc.nat({ max: 9 }))
    .map(([one, other, id]) => ({
      ...one,
      id: `stranger-${id}`,
      name: `stranger-${id}`,
      labels: other ? { ...one.labels, [labels.instance]: "another" } : {},
    })),
  { maxLength: 2 },
);

const quotas: fc.Arbitrary<readonly QuotaRecord[]> = fc.constantFrom(
  [],
  [],
  [
    admittedQuota("limits", {
      subjects: { default: true },
      perContainer: { default: { memory: "1Gi" }, max: { memory: "2Gi" } },
    }),
  ],
  [admittedQuota("gpus", { subjects: { default: true }, gpus: { nominal: 2, maxPerContainer: 2 } })],
  [admittedQuota("few", { subjects: { users: ["alice"] }, maxContainers: 1 })],
  [admittedQuota("slices", { subjects: { default: true }, gpus: { allowFullGpu: false } })],
);

const inventories = fc
  .record({
    ready: fc.constantFrom(true, true, true, false),
    sick: fc.subarray(["GPU-0", "GPU-1", "MIG-3-0"]),
  })
  .map(({ ready, sick }) => ({
    ready,
    message: ready ? "" : "nvidia-smi did not answer",
    devices: allDevices.map((one) =>
      sick.includes(one.uuid) ? { ...one, healthy: false, unhealthyReason: "sick" } : one,
    ),
    usage: new Map(),
  }));

function records(name: string, namespace: string): fc.Arbitrary<ContainerRecord> {
  return fc
    .record({
      own: specs,
      generation: fc.constantFrom(1, 1, 2),
      deleted: fc.boolean(),
      rejected: fc.boolean(),
      blocked: fc.boolean(),
      odds: fc.nat({ max: 9 }),
    })
    .chain(({ own, generation, deleted, rejected, blocked, odds }) =>
      memories(own).map((memory) =>
        record({
          namespace,
          name,
          spec: rejected && odds === 0 ? null : own,
          generation,
          memory,
          deletion: deleted && odds < 2 ? { requestedAt: startOfTest, cause: "its file is gone" } : null,
          rejection:
            rejected && odds < 3 ? { reason: "SpecInvalid", message: "bad", path: "p", problems: [] } : null,
          pruneBlocked: blocked && odds < 3 ? { reason: "PruneBlocked", message: "too many" } : null,
        }),
      ),
    );
}

/** Hosts with `objects` objects, in any state that a crash, a person, or a bug of ours could leave. */
export function hosts(objects: number): fc.Arbitrary<PureHost> {
  const owners = ["alice", "alice", "bob", "carol"];
  const all = Array.from({ length: objects }, (_, index) =>
    records(`job${index}`, owners[index % owners.length] ?? "alice"),
  );
  return fc.tuple(...all).chain((made) =>
    fc
      .record({
        containers: fc.tuple(
          ...made.map((own, index) =>
            containersOf(own, objects === 1 ? ["c0", "c1", "c2"] : [`c${index}a`, `c${index}b`]),
          ),
        ),
        strangers,
        quotas,
        inventory: inventories,
        image: fc.constantFrom("present", "missing", "pulling"),
        stopping: fc.subarray(["c0", "c1"], { maxLength: 1 }),
        engineReady: fc.constantFrom(true, true, true, true, true, false),
        sourceSynced: fc.constantFrom(true, true, true, true, false),
        owner: fc.constantFrom(alice, alice, null),
        strategy: fc.constantFrom(...strategyNames),
      })
      .map((given): PureHost => ({
        now: startOfTest,
        records: made,
        quotas: given.quotas,
        containers: [...given.containers.flat(), ...unique(given.strangers)],
        inventory: given.inventory,
        reservations: new Map(),
        images: new Map([
          [
            "bed/missing:1",
            given.image === "present"
              ? { type: "present", id: "sha256:image" }
              : { type: given.image as "missing" | "pulling" },
          ],
        ]),
        stopping: new Map(given.stopping.map((id) => [id, 30_000])),
        engineReady: given.engineReady,
        sourceSynced: given.sourceSynced,
        owner: given.owner,
        strategy: given.strategy,
      })),
  );
}

function unique(containers: readonly ObservedContainer[]): ObservedContainer[] {
  return [...new Map(containers.map((one) => [one.name, one])).values()];
}
