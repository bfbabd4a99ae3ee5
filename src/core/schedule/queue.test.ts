import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { demand, gpu, inventory, lease, migGpu } from "../../../test/support/devices.ts";
import { pcieGpus } from "../../../test/support/topologies.ts";
import type { Device } from "./device.ts";
import type { DeviceDemand, Lease } from "./lease.ts";
import type { ScheduleOutcome } from "./outcome.ts";
import { schedule } from "./queue.ts";
import type { ScheduleInput } from "./schedule-input.ts";

const minute = 60_000;

function run(
  demands: DeviceDemand[],
  devices: readonly Device[],
  leases: readonly Lease[] = [],
  change: Partial<ScheduleInput> = {},
): ReadonlyMap<string, ScheduleOutcome> {
  const formatTime = (at: number): string => `${at / minute}m`;
  const input = { demands, inventory: inventory(devices), leases, now: 0, formatTime, ...change };
  return schedule({ strategy: "leastAllocated", ...input });
}

function brief(outcomes: ReadonlyMap<string, ScheduleOutcome>): Record<string, string> {
  return Object.fromEntries(
    [...outcomes].map(([uid, outcome]) => [
      uid,
      outcome.type === "assigned"
        ? outcome.devices.map((device) => device.slot).join(",")
        : `${outcome.reason} ${outcome.position}/${outcome.of}${outcome.eta === null ? "" : ` ${outcome.eta / minute}m`}`,
    ]),
  );
}

function waiting(outcomes: ReadonlyMap<string, ScheduleOutcome>, uid: string) {
  const outcome = outcomes.get(uid);
  if (outcome?.type !== "waiting") throw new Error(`${uid} does not wait`);
  return outcome;
}

describe("schedule", () => {
  test("serves priority first, then who waits longest, then the uid", () => {
    const demands = [
      demand("d", { submittedAt: 5 }),
      demand("c", { submittedAt: 1 }),
      demand("b", { submittedAt: 5 }),
      demand("a", { priority: 60, submittedAt: 9 }),
    ];
    expect(brief(run(demands, [gpu(0), gpu(1), gpu(2)]))).toEqual({
      a: "0",
      c: "1",
      b: "2",
      d: "WaitingForDevices 1/1",
    });
  });

  test("a demand that does not fit holds up nobody", () => {
    const demands = [demand("big", { count: 2, priority: 90 }), demand("small")];
    expect(brief(run(demands, [gpu(0), gpu(1)], [lease("GPU-0", "bob/x")]))).toEqual({
      big: "WaitingForDevices 1/1",
      small: "1",
    });
  });

  test("who gets back what they had comes before everybody", () => {
    const demands = [
      demand("first", { priority: 90 }),
      demand("back", { preferred: ["GPU-0"], reclaims: true }),
    ];
    expect(brief(run(demands, [gpu(0), gpu(1)]))).toEqual({ back: "0", first: "1" });
    expect(brief(run(demands, [gpu(0)]))).toMatchObject({ back: "0", first: "WaitingForDevices 1/1" });
  });

  test("a demand without its image keeps its place and takes nothing", () => {
    const demands = [demand("pulling", { ready: false, priority: 90 }), demand("other")];
    expect(brief(run(demands, [gpu(0)]))).toEqual({ other: "0", pulling: "WaitingForImage 1/1" });
  });

  test("gives nothing while the GPU stack does not answer", () => {
    const silent = { ...inventory([gpu(0)]), ready: false, message: "nvidia-smi: no answer within 10s" };
    const outcomes = run([demand("a")], [], [], { inventory: silent });
    expect(waiting(outcomes, "a")).toMatchObject({
      reason: "GpuStackNotReady",
      never: false,
      position: 1,
      message:
        "Needs 1 whole GPU. The GPU stack does not answer (nvidia-smi: no answer within 10s): nothing is given out until it does, running work goes on. ds01 asks again by itself; if that lasts, an admin runs `nvidia-smi` and `ds01 doctor`.",
    });
  });

  test("several demands of one user share what their quota leaves", () => {
    const demands = [
      demand("a1", {
        quotaLeft: 1,
        quotaText: 'quota "q" allows 1 GPU-equivalents in all (quotas/q.yaml:6)',
      }),
      demand("a2", {
        quotaLeft: 1,
        quotaText: 'quota "q" allows 1 GPU-equivalents in all (quotas/q.yaml:6)',
      }),
      demand("b1", { namespace: "bob", quotaLeft: 1 }),
    ];
    const outcomes = run(demands, [gpu(0), gpu(1), gpu(2)]);
    expect(brief(outcomes)).toEqual({ a1: "0", b1: "1", a2: "WaitingForQuota 1/1" });
    expect(waiting(outcomes, "a2").message).toBe(
      'Needs 1 whole GPU; quota "q" allows 1 GPU-equivalents in all (quotas/q.yaml:6) and 0 are left (alice/a1). No start time is known: no limit ends what is in its way.',
    );
    expect(waiting(outcomes, "a2").blockers).toMatchObject([{ deviceUuid: "GPU-0", holder: { name: "a1" } }]);
  });

  test("what a demand holds already costs it no quota", () => {
    expect(brief(run([demand("a", { quotaLeft: 0 })], [gpu(0)], [lease("GPU-0", "alice/a")]))).toEqual({
      a: "0",
    });
  });

  test("a user with 2.0 GPU-equivalents gets exactly 14 slices of 1g", () => {
    const devices = [0, 1, 2].flatMap((index) => migGpu(index, Array<string>(7).fill("1g.10gb")));
    const demands = Array.from({ length: 21 }, (_, index) =>
      demand(`d${index}`, { profile: "1g.10gb", quotaLeft: 2 }),
    );
    const outcomes = [...run(demands, devices).values()];
    expect(outcomes.filter(({ type }) => type === "assigned")).toHaveLength(14);
  });

  test("tells what is here, who holds it and until when", () => {
    const devices = [
      gpu(0),
      ...migGpu(1, ["3g.40gb", "2g.20gb"]),
      gpu(2),
      gpu(3),
      gpu(4, { healthy: false, unhealthyReason: "XID 79" }),
    ];
    const process = {
      type: "process",
      pid: 4121,
      processName: "python",
      user: "dave",
      containerName: null,
    } as const;
    const leases = [
      lease("GPU-0", "alice/train", { until: 20 * minute, untilCause: "maxRuntime" }),
      lease("GPU-2", "carol/eval"),
      lease("GPU-3", "-", { holder: process, state: "InUse" }),
      lease("MIG-1-0", "alice/notebook", {
        state: "Held",
        until: 12 * minute,
        untilCause: "holdGpuAfterStop",
      }),
    ];
    const demands = [
      demand("big", { namespace: "carol", priority: 70, maxRuntimeMs: 30 * minute }),
      demand("sweep", { namespace: "bob" }),
    ];
    const outcome = waiting(run(demands, devices, leases), "sweep");
    expect(outcome).toMatchObject({
      reason: "WaitingForDevices",
      position: 2,
      of: 2,
      eta: 50 * minute,
      basis: "limit",
      never: false,
      hint: "gpus: {count: 1, profile: 2g.20gb}",
    });
    expect(outcome.blockers.map(({ deviceUuid }) => deviceUuid)).toEqual(["GPU-0", "GPU-2", "GPU-3"]);
    expect(outcome.message).toBe(
      "Needs 1 whole GPU. 5 GPUs here: 2 allocated (alice/train until 20m maxRuntime, carol/eval), " +
        "1 in use by a host process (pid 4121 python of dave), 1 cut into MIG, 1 unhealthy (XID 79). " +
        "2nd of 2 in the queue, behind carol/big (priority 70 > 50). Starts about 50m; basis: limit.",
    );
  });

  test("tells of every device which clause it fails, also who asks for what can never be", () => {
    const devices = [
      ...migGpu(0, ["2g.20gb"]),
      gpu(1, { model: "NVIDIA L40S" }),
      gpu(2, { memoryBytes: 8 }),
      gpu(3, { healthy: false, unhealthyReason: "XID 79" }),
      gpu(4),
      gpu(5),
    ];
    const told = (change: Partial<DeviceDemand>): readonly string[] =>
      waiting(run([demand("a", change)], devices, [lease("GPU-4", "bob/b")]), "a").verdicts.map(
        ({ device, clause, why }) => `${device.slot} ${clause}: ${why}`,
      );
    const asked = { models: ["*A100*"], minMemoryBytes: 9 };
    const others = [
      "0 MigEnabled: cut into MIG",
      "0:0 IsSlice: a slice",
      "1 WrongModel: of another model: NVIDIA L40S",
      "2 TooLittleMemory: with less memory: 8",
    ];
    expect(told({ ...asked, count: 2 })).toEqual([
      ...others,
      "3 Unhealthy: unhealthy: XID 79",
      "4 Leased: allocated: bob/b",
      "5 null: free",
    ]);
    expect(told({ ...asked, count: 9 })).toEqual(told({ ...asked, count: 2 }));
    const joined = told({ ...asked, count: 2, nvlink: "required" });
    expect(joined).toContain("5 null: free");
    const silent = { ...inventory(devices), ready: false, message: "no answer" };
    expect(waiting(run([demand("a")], [], [], { inventory: silent }), "a").verdicts).toEqual([]);
  });

  test("forecasts with the leases that end, in order", () => {
    const leases = [
      lease("GPU-0", "x/a", { until: 30 * minute, untilCause: "maxRuntime" }),
      lease("GPU-1", "x/b", { until: 10 * minute, untilCause: "maxRuntime" }),
      lease("GPU-2", "x/c"),
    ];
    const demands = [
      demand("one", { submittedAt: 1, maxRuntimeMs: 5 * minute }),
      demand("two", { submittedAt: 2, count: 2 }),
      demand("three", { submittedAt: 3, count: 3 }),
    ];
    const outcomes = run(demands, [gpu(0), gpu(1), gpu(2)], leases);
    expect(brief(outcomes)).toEqual({
      one: "WaitingForDevices 1/3 10m",
      two: "WaitingForDevices 2/3 30m",
      three: "WaitingForDevices 3/3",
    });
    expect(waiting(outcomes, "one").message).toContain(
      "Starts about 10m, when x/b (GPU 1) reaches its maxRuntime; basis: limit.",
    );
    expect(waiting(outcomes, "three")).toMatchObject({ basis: "unknown", eta: null });
    expect(waiting(outcomes, "three").message).toContain("No start time is known");
  });

  test("an overdue lease counts as about to end", () => {
    const leases = [lease("GPU-0", "x/late", { until: 1 * minute, untilCause: "maxRuntime" })];
    expect(brief(run([demand("a")], [gpu(0)], leases, { now: 5 * minute }))).toEqual({
      a: "WaitingForDevices 1/1 5m",
    });
  });

  test("forecasts the end of a quota shortage", () => {
    const leases = [lease("GPU-0", "alice/old", { until: 9 * minute, untilCause: "maxRuntime" })];
    expect(brief(run([demand("a", { quotaLeft: 0 })], [gpu(0), gpu(1)], leases))).toEqual({
      a: "WaitingForQuota 1/1 9m",
    });
  });

  test.each<[Partial<DeviceDemand>, string]>([
    [{ count: 3 }, "Needs 3 whole GPUs. This host has 1 such at most: lower spec.gpus.count to 1 or less."],
    [
      { profile: "7g.80gb" },
      "Needs 1 slice 7g.80gb. No device of this host is such; it has 1 whole GPU (NVIDIA A100-SXM4-80GB, 80Gi), 1 slice 2g.20gb (NVIDIA A100-SXM4-80GB, 20Gi): change spec.gpus, or ask an admin.",
    ],
  ])("says never when the hardware cannot do it: %j", (want, message) => {
    const outcomes = run([demand("a", want), demand("b"), demand("c")], [gpu(0), ...migGpu(1, ["2g.20gb"])]);
    expect(waiting(outcomes, "a")).toMatchObject({
      reason: "NoMatchingDevice",
      never: true,
      message,
      position: 0,
    });
    expect(waiting(outcomes, "c")).toMatchObject({ position: 1, of: 1 });
  });

  test.each<[Partial<DeviceDemand>, string]>([
    [
      { count: 2, nvlink: "required" },
      "Needs 2 whole GPUs, joined by NVLink. This host has 4 such, but no more than 1 joined by NVLink: lower spec.gpus.count to 1 or less, or make spec.gpus.nvlink preferred.",
    ],
    [
      { count: 3, sameBoard: "required" },
      "Needs 3 whole GPUs, on one board. This host has 4 such, but no more than 2 on one board: lower spec.gpus.count to 2 or less, or make spec.gpus.sameBoard preferred.",
    ],
    [
      { minComputeCapability: "9.0" },
      "Needs 1 whole GPU, compute capability 9.0 or more. No device of this host is such; it has 4 whole GPUs (NVIDIA A100-SXM4-80GB, 80Gi, 8.0): change spec.gpus, or ask an admin.",
    ],
  ])("says never when no devices here are joined so or new enough: %j", (want, message) => {
    const outcome = waiting(run([demand("a", want)], [...pcieGpus(4, 4)]), "a");
    expect(outcome).toMatchObject({ reason: "NoMatchingDevice", never: true, message });
  });

  test("waits for devices that go together, and says what keeps each from it", () => {
    const old = gpu(4, { computeCapability: "7.5" });
    const unknown = gpu(5, { computeCapability: null });
    const devices = [...pcieGpus(4, 4), old, unknown];
    const leases = [lease("GPU-1", "x/one"), lease("GPU-3", "x/two", { until: 9 * minute })];
    const want = { count: 2, sameBoard: "required", minComputeCapability: "8.0" } as const;
    const outcome = waiting(run([demand("a", want)], devices, leases), "a");
    expect(outcome).toMatchObject({ reason: "WaitingForDevices", never: false, eta: 9 * minute });
    expect(outcome.message).toContain(
      "6 GPUs here: 2 free but too few on one board, 2 allocated (x/one, x/two until 9m), " +
        "1 with less compute capability (7.5), 1 of unknown compute capability.",
    );
  });

  test("a topology that is not known now may be known later", () => {
    const outcome = waiting(run([demand("a", { count: 2, nvlink: "required" })], [gpu(0), gpu(1)]), "a");
    expect(outcome).toMatchObject({ reason: "WaitingForDevices", never: false });
    expect(outcome.message).toContain("2 free but not known how they are joined");
  });

  test("unhealthy devices are waited for, not given up", () => {
    const outcomes = run([demand("a")], [gpu(0, { healthy: false, unhealthyReason: "XID 79" })]);
    expect(waiting(outcomes, "a")).toMatchObject({ reason: "DevicesUnhealthy", never: false });
  });

  test("suggests only what the owner may ask for", () => {
    const devices = [gpu(0), ...migGpu(1, ["2g.20gb"])];
    const mayAsk = () => false;
    expect(
      waiting(run([demand("a")], devices, [lease("GPU-0", "x/other")], { mayAsk }), "a").hint,
    ).toBeNull();
  });

  test("property: one holder a device, quota kept, everybody answered, positions 1..n", () => {
    const devices = [gpu(0), gpu(1), ...migGpu(2, ["1g.10gb", "1g.10gb", "2g.20gb"])];
    const anyDemand = fc.record({
      namespace: fc.constantFrom("alice", "bob"),
      count: fc.integer({ min: 1, max: 3 }),
      profile: fc.constantFrom(null, "1g.10gb", "2g.20gb"),
      priority: fc.integer({ min: 0, max: 2 }),
      submittedAt: fc.integer({ min: 0, max: 3 }),
      ready: fc.boolean(),
      preferred: fc.subarray(
        devices.map((device) => device.uuid),
        { maxLength: 2 },
      ),
      maxRuntimeMs: fc.constantFrom(null, minute),
    });
    const anyLease = fc
      .tuple(fc.constantFrom(...devices), fc.constantFrom("x", "d0", "d1"), fc.constantFrom(null, 5 * minute))
      .map(([device, name, until]) => lease(device.uuid, `x/${name}`, { until }));
    fc.assert(
      fc.property(
        fc.array(anyDemand, { maxLength: 8 }),
        fc.array(anyLease, { maxLength: 3 }),
        (wishes, leases) => {
          const left = { alice: 1.3, bob: 0.5 };
          const demands = wishes.map((wish, index) =>
            demand(`d${index}`, { ...wish, quotaLeft: left[wish.namespace as "alice" | "bob"] }),
          );
          const outcomes = run(demands, devices, leases);
          expect([...outcomes.keys()].toSorted()).toEqual(demands.map(({ uid }) => uid).toSorted());
          expect(run(demands.toReversed(), devices, leases)).toEqual(outcomes);
          const given = demands.flatMap((wish) => {
            const outcome = outcomes.get(wish.uid);
            return outcome?.type === "assigned" ? outcome.devices.map((device) => ({ wish, device })) : [];
          });
          expect(new Set(given.map(({ device }) => device.uuid)).size).toBe(given.length);
          for (const { wish, device } of given) {
            const others = leases.filter(({ holder }) => holder.type === "object" && holder.uid !== wish.uid);
            expect(others.map(({ deviceUuid }) => deviceUuid)).not.toContain(device.uuid);
          }
          for (const [namespace, allowed] of Object.entries(left)) {
            const spent = given.filter(
              ({ wish, device }) =>
                wish.namespace === namespace && !leases.some(({ deviceUuid }) => deviceUuid === device.uuid),
            );
            const sum = spent.reduce((total, { device }) => total + device.gpuEquivalents, 0);
            expect(sum).toBeLessThanOrEqual(allowed + 1e-6);
          }
          const places = [...outcomes.values()].flatMap((outcome) =>
            outcome.type === "waiting" && !outcome.never ? [outcome.position] : [],
          );
          expect(places.toSorted((a, b) => a - b)).toEqual(places.map((_, index) => index + 1));
        },
      ),
    );
  });
});
