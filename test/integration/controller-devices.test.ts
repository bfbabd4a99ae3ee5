import { expect, onTestFinished, test } from "vitest";
import type { DesiredContainer } from "../../src/core/plan/desired-container.ts";
import { isLive } from "../../src/core/plan/roles.ts";
import { UnreachableError } from "../../src/util/errors.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { DeviceGuard } from "../support/device-guard.ts";
import { gpu, inventory } from "../support/devices.ts";

const fourGpus = (): ReturnType<typeof inventory> => inventory([gpu(0), gpu(1), gpu(2), gpu(3)]);

function newBed(): { bed: ControllerBed; guard: DeviceGuard } {
  const bed = new ControllerBed();
  bed.provider.answer = fourGpus;
  onTestFinished(() => bed.stop());
  return { bed, guard: new DeviceGuard(bed.runtime) };
}

/** A number from 0 to 1 that is the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function declareMany(bed: ControllerBed, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const [namespace, name] = [index % 2 === 0 ? "alice" : "bob", `job-${index}`];
    bed.declare(namespace, name, ["gpus: { count: 1 }", "lifecycle: { holdGpuAfterStop: 0s }"]);
    return `${namespace}/${name}`;
  });
}

function count(bed: ControllerBed, phase: string): number {
  return bed.store.list("ContainerSpec").filter(({ status }) => status.phase === phase).length;
}

/** Waits until four run and everybody else waits with a place; nobody else may have a device, ever. */
async function expectFour(bed: ControllerBed, guard: DeviceGuard): Promise<void> {
  await bed.until("four to run and the others to know their place", () => hasOrder(bed), 60_000);
  expect(guard.violations).toEqual([]);
  expect(guard.looks).toBeGreaterThan(3);
  expect([...guard.users().keys()].toSorted()).toEqual(["GPU-0", "GPU-1", "GPU-2", "GPU-3"]);
}

function hasOrder(bed: ControllerBed): boolean {
  const all = bed.store.list("ContainerSpec");
  const places = all
    .filter(({ status }) => status.phase === "Pending")
    .map(({ status }) => status.queue?.position ?? 0)
    .toSorted((a, b) => a - b);
  return (
    count(bed, "Running") === 4 &&
    places.every((place, index) => place === index + 1) &&
    places.length === all.length - 4
  );
}

test.each([1, 2, 3, 4, 5])(
  "20 specs at once on 4 devices never share one, with calls of random length (seed %i)",
  async (seed) => {
    const { bed, guard } = newBed();
    const random = randomFrom(seed);
    for (const call of ["create", "start", "inspect", "list", "image"] as const) {
      const original = bed.runtime[call].bind(bed.runtime) as (...given: unknown[]) => Promise<unknown>;
      (bed.runtime as unknown as Record<string, unknown>)[call] = async (...given: unknown[]) => {
        await new Promise<void>((resolve) => {
          bed.clock.callAt(bed.clock.now() + Math.floor(random() * 300), resolve);
        });
        return original(...given);
      };
    }
    bed.start();
    declareMany(bed, 20);
    await expectFour(bed, guard);
    expect(bed.runtime.containers).toHaveLength(4);
  },
);

test("creates that happened although their answer was lost are adopted", async () => {
  const { bed, guard } = newBed();
  bed.runtime.inject({ call: "create", when: "after", times: 4 });
  bed.start();
  declareMany(bed, 8);
  await expectFour(bed, guard);
  expect(bed.runtime.containers).toHaveLength(4);
});

/** From now on creates of that name are answered by nobody; they take effect only when the test says so. */
function loseCreates(
  bed: ControllerBed,
  name: string,
): { readonly lost: DesiredContainer[]; arrive: () => Promise<void> } {
  const create = bed.runtime.create.bind(bed.runtime);
  const lost: DesiredContainer[] = [];
  bed.runtime.create = async (container, signal) => {
    if (container.name !== name) return create(container, signal);
    lost.push(container);
    throw new UnreachableError({ reason: "EngineUnreachable", message: "no answer within 60 s" });
  };
  const arrive = async (): Promise<void> => {
    bed.runtime.create = create;
    const [first] = lost;
    if (first === undefined) throw new Error("no create was lost");
    await create(first);
  };
  return { lost, arrive };
}

test.each([
  ["of an object that is declared anew", "users/alice/slow.yaml"],
  ["of an object that was edited twice", null],
])(
  "a create that comes late (%s) starts nothing on a device that is somebody else's by now",
  async (_, gone) => {
    const { bed, guard } = newBed();
    bed.provider.answer = () => inventory([gpu(0)]);
    const { lost, arrive } = loseCreates(bed, "slow._.alice");
    bed.declare("alice", "slow", ["gpus: { count: 1 }"]);
    bed.start();
    await bed.until("the create to be lost", () => lost.length > 0);
    // Its owner gives up, or asks for more than there is; the device goes to bob.
    if (gone === null) bed.declare("alice", "slow", ["gpus: { count: 2 }"]);
    else bed.source.remove(gone);
    bed.declare("bob", "next", ["gpus: { count: 1 }"]);
    await bed.until("bob's to run", () => bed.phase("bob/next") === "Running", 60_000);
    bed.declare("alice", "slow", ["gpus: { count: 1 }"]);
    await bed.until(
      "alice to wait",
      () => bed.record("alice/slow")?.status.reason === "WaitingForDevices",
      60_000,
    );

    await arrive();
    await bed.pass(60_000);

    expect(guard.violations).toEqual([]);
    expect(bed.runtime.containers.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "next._.bob running",
    ]);
    expect(bed.record("alice/slow")?.status).toMatchObject({ phase: "Pending", reason: "WaitingForDevices" });
  },
);

test("a device is free again when its create failed for good", async () => {
  const { bed, guard } = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.runtime.missingPaths.add("/nowhere");
  bed.source.write("quotas/all.yaml", quotaWithPaths);
  bed.declare("alice", "broken", [
    "gpus: { count: 1 }",
    "volumes: [{ name: data, mountPath: /data, hostPath: { path: /nowhere } }]",
  ]);
  bed.start();
  await bed.until("the create to fail", () => bed.phase("alice/broken") === "Failed", 30_000);
  bed.declare("bob", "next", ["gpus: { count: 1 }"]);
  await bed.until("bob's to run", () => bed.phase("bob/next") === "Running", 30_000);
  expect(guard.violations).toEqual([]);
});

test("an object with a stalled create gets its device at the next try", async () => {
  const { bed } = newBed();
  bed.runtime.missingPaths.add("/later");
  bed.source.write("quotas/all.yaml", quotaWithPaths);
  bed.declare("alice", "patient", [
    "gpus: { count: 1 }",
    "volumes: [{ name: data, mountPath: /data, hostPath: { path: /later } }]",
  ]);
  bed.start();
  await bed.until("the create to fail", () => bed.phase("alice/patient") === "Failed", 30_000);
  const creates = bed.runtime.count("create");
  bed.runtime.missingPaths.clear();
  await bed.pass(60_000);
  expect(bed.runtime.count("create")).toBe(creates);
  await bed.until("the next try", () => bed.phase("alice/patient") === "Running", 300_000);
});

test("who waits for something else than devices keeps none from others", async () => {
  const { bed } = newBed();
  bed.provider.answer = () => inventory([gpu(0)]);
  bed.declare("stranger", "first", ["gpus: { count: 1 }", "user: owner"]);
  bed.start();
  await bed.until(
    "the account to be missed",
    () => bed.record("stranger/first")?.status.reason === "UnknownUser",
  );
  bed.declare("bob", "second", ["gpus: { count: 1 }"]);
  await bed.until("bob's to run", () => bed.phase("bob/second") === "Running", 10_000);
});

test("each stop hands its device over, one after another", async () => {
  const { bed, guard } = newBed();
  bed.start();
  const keys = declareMany(bed, 8);
  await bed.until("four to run", () => count(bed, "Running") === 4, 30_000);
  for (let round = 0; round < 4; round += 1) {
    const running = keys.find((key) => bed.phase(key) === "Running") ?? "";
    const [namespace = "", name = ""] = running.split("/");
    bed.source.remove(`users/${namespace}/${name}.yaml`);
    await bed.until(
      `${running} to hand over`,
      () => bed.record(running) === undefined && count(bed, "Running") === 4,
      60_000,
    );
  }
  await expectFour(bed, guard);
  expect(bed.runtime.containers.filter(isLive)).toHaveLength(4);
});

const quotaWithPaths = `apiVersion: ds01.io/v1alpha1
kind: QuotaSpec
metadata: { name: all }
spec:
  subjects: { default: true }
  policy: { hostPaths: [{ path: /** }] }
`;
