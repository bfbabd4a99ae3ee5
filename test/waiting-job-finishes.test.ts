import { expect, test } from "vitest";
import { ControllerBed } from "./support/controller-bed.ts";
import { gpu, inventory } from "./support/devices.ts";
import { MemorySource } from "./support/memory-source.ts";
import { MemoryStore } from "./support/memory-store.ts";

const finish = "ds01.io/deletion-policy: finish";

function job(name: string, fields: string, annotation = finish): string {
  return (
    `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}, annotations: {${annotation}}}\n` +
    `spec: {image: "bed/base:1", ${fields}}\n`
  );
}

function newBed(): { readonly bed: ControllerBed; readonly source: MemorySource } {
  const source = new MemorySource();
  const bed = new ControllerBed({ sources: [source] }, new MemoryStore());
  bed.provider.answer = () => inventory([gpu(0)]);
  // Others keep the source from being empty.
  for (const name of ["one", "two"])
    source.write(`users/alice/${name}.yaml`, job(name, "restartPolicy: Never", "a: b"));
  return { bed, source };
}

const train = "users/alice/train.yaml";
const whole = "gpus: {count: 1}, restartPolicy: Never";
const idOf = (bed: ControllerBed, key: string): string => bed.record(key)?.status.container?.id ?? "";

/** alice's job has given way to bob's, which has the only GPU now. */
async function afterGivingWay(): Promise<ReturnType<typeof newBed>> {
  const made = newBed();
  const { bed, source } = made;
  source.write(train, job("train", `${whole}, preemptible: true`));
  bed.start();
  await bed.until("alice's to run", () => bed.phase("alice/train") === "Running");
  source.write(
    "users/bob/urgent.yaml",
    job("urgent", `${whole}, priority: 100, lifecycle: {holdGpuAfterStop: 0s}`, "a: b"),
  );
  await bed.until("bob's to run", () => bed.phase("bob/urgent") === "Running", 3_600_000);
  await bed.until("alice's to wait", () => bed.phase("alice/train") === "Pending", 60_000);
  return made;
}

test("a job that gave way and whose file is gone goes on when it is its turn, to its end", async () => {
  const { bed, source } = await afterGivingWay();
  source.remove(train);
  await bed.pass(10_000);
  expect(bed.record("alice/train")).toMatchObject({
    deletion: null,
    pruneBlocked: { reason: "FinishesFirst" },
  });
  bed.runtime.kill(idOf(bed, "bob/urgent"), 0);
  await bed.until("alice's to run again", () => bed.phase("alice/train") === "Running", 600_000);
  await bed.pass(10_000);
  bed.runtime.kill(idOf(bed, "alice/train"), 0);
  await bed.until("it to go", () => bed.record("alice/train") === undefined, 60_000);
  await bed.stop();
});

test("one that gave way and lost its container meanwhile is not begun again", async () => {
  const { bed, source } = await afterGivingWay();
  const id = idOf(bed, "alice/train");
  source.remove(train);
  await bed.pass(10_000);
  bed.runtime.removeByHand(id);
  await bed.until("it to go", () => bed.record("alice/train") === undefined, 60_000);
  await bed.stop();
});

test("one that never had its turn is removed at once", async () => {
  const { bed, source } = newBed();
  source.write("users/bob/urgent.yaml", job("urgent", whole, "a: b"));
  bed.start();
  await bed.until("bob's to run", () => bed.phase("bob/urgent") === "Running");
  source.write(train, job("train", whole));
  await bed.until("alice's to wait", () => bed.record("alice/train")?.status.queue !== undefined);
  source.remove(train);
  await bed.until("it to go", () => bed.record("alice/train") === undefined, 60_000);
  await bed.stop();
});

test("a job that makes way for a container on another device between two tries was not lost", async () => {
  const { bed, source } = newBed();
  let healthy = true;
  const sick = () => gpu(0, healthy ? {} : { healthy: false, unhealthyReason: "XidError" });
  bed.provider.answer = () => inventory([sick(), gpu(1)]);
  source.write(train, job("train", "gpus: {count: 1}, restartPolicy: OnFailure"));
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  const before = idOf(bed, "alice/train");
  source.remove(train);
  await bed.pass(10_000);
  expect(bed.record("alice/train")?.pruneBlocked).toMatchObject({ reason: "FinishesFirst" });
  healthy = false;
  bed.runtime.kill(before, 1);
  await bed.until(
    "another container",
    () => bed.phase("alice/train") === "Running" && idOf(bed, "alice/train") !== before,
    600_000,
  );
  expect(bed.events.some(({ reason }) => reason === "SpecDeleted")).toBe(false);
  bed.runtime.kill(idOf(bed, "alice/train"), 0);
  await bed.until("it to go", () => bed.record("alice/train") === undefined, 60_000);
  await bed.stop();
});
