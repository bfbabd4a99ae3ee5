import { expect, test } from "vitest";
import { ControllerBed } from "./support/controller-bed.ts";
import { MemorySource } from "./support/memory-source.ts";
import { MemoryStore } from "./support/memory-store.ts";

const path = "users/alice/train.yaml";
const job = (annotation = "ds01.io/deletion-policy: finish", restartPolicy = "Never"): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: train, annotations: {${annotation}}}\n` +
  `spec: {image: "bed/base:1", restartPolicy: ${restartPolicy}}\n`;

/** A job of alice's that runs, declared in a source of the test's. */
class RunningJob {
  readonly source = new MemorySource();
  readonly bed: ControllerBed;

  constructor(settings: { readonly deletionPolicy?: "stop" | "finish" } = {}, before?: ControllerBed) {
    this.bed = new ControllerBed(
      { ...settings, sources: [this.source] },
      before?.store ?? new MemoryStore(),
      before,
    );
    // Others keep the source from being empty.
    for (const name of ["one", "two"]) {
      this.source.write(`users/alice/${name}.yaml`, job("a: b").replace("name: train", `name: ${name}`));
    }
  }

  async running(text: string): Promise<string> {
    this.source.write(path, text);
    this.bed.start();
    await this.bed.until("it to run", () => this.bed.phase("alice/train") === "Running");
    return this.id();
  }

  id(): string {
    return this.bed.record("alice/train")?.status.container?.id ?? "";
  }

  /** Its file goes, and what follows from that has happened. */
  async withoutFile(): Promise<void> {
    this.source.remove(path);
    await this.bed.pass(10_000);
  }

  async gone(): Promise<void> {
    await this.bed.until("it to go", () => this.bed.record("alice/train") === undefined, 60_000);
  }
}

test("a running job whose file is gone goes on to its end where it says so, and is removed then", async () => {
  const { bed, ...run } = await finishing();
  expect(bed.record("alice/train")).toMatchObject({
    deletion: null,
    pruneBlocked: { reason: "FinishesFirst", cause: "its file is gone" },
    status: { phase: "Running", reason: "FinishesFirst" },
  });
  expect(bed.record("alice/train")?.status.conditions).toContainEqual(
    expect.objectContaining({ type: "PruneBlocked", status: "True", reason: "FinishesFirst" }),
  );
  expect(bed.manager.controlPlane().blockedPrunes()).toEqual([]);

  bed.runtime.kill(run.id, 0);
  await run.job.gone();
  expect(bed.events.filter(({ reason }) => ["Stopping", "SpecDeleted"].includes(reason))).toMatchObject([
    { reason: "SpecDeleted", message: `${path}: its file is gone` },
  ]);
  expect(bed.runtime.count("create")).toBe(3);
  await bed.stop();
});

async function finishing(text = job()): Promise<{
  readonly job: RunningJob;
  readonly bed: ControllerBed;
  readonly id: string;
}> {
  const running = new RunningJob();
  const id = await running.running(text);
  await running.withoutFile();
  expect(running.bed.phase("alice/train")).toBe("Running");
  return { job: running, bed: running.bed, id };
}

test("so it is after a restart of the controller, and for a job that ended meanwhile", async () => {
  const { bed, id } = await finishing();
  await bed.stop();

  const next = new RunningJob({}, bed);
  next.bed.start();
  await next.bed.pass(20_000);
  expect(next.bed.record("alice/train")).toMatchObject({
    pruneBlocked: { reason: "FinishesFirst" },
    status: { phase: "Running", container: { id } },
  });
  await next.bed.stop();

  const last = new RunningJob({}, next.bed);
  last.bed.runtime.kill(id, 0);
  last.bed.start();
  await last.gone();
  await last.bed.stop();
});

test("a file that comes back finds it running, and it is kept after its end", async () => {
  const { job: running, bed, id } = await finishing();
  running.source.write(path, job());
  await bed.until("it to be declared", () => bed.record("alice/train")?.pruneBlocked === null);
  expect(running.id()).toBe(id);
  bed.runtime.kill(id, 0);
  await bed.until("its end", () => bed.phase("alice/train") === "Completed");
  await bed.pass(20_000);
  expect(bed.record("alice/train")).toBeDefined();
  await bed.stop();
});

test.each([
  ["nobody says anything", {}, "a: b"],
  [
    "it says stop although the configuration says finish",
    { deletionPolicy: "finish" },
    "ds01.io/deletion-policy: stop",
  ],
] as const)("it is stopped where %s", async (_when, settings, annotation) => {
  const running = new RunningJob(settings);
  await running.running(job(annotation));
  await running.withoutFile();
  await running.gone();
  await running.bed.stop();
});

test("the configuration says it for all, but for what never ends by itself", async () => {
  const running = new RunningJob({ deletionPolicy: "finish" });
  await running.running(job("a: b"));
  await running.withoutFile();
  expect(running.bed.phase("alice/train")).toBe("Running");
  await running.bed.stop();

  const service = new RunningJob({ deletionPolicy: "finish" });
  await service.running(job("a: b", "Always"));
  await service.withoutFile();
  await service.gone();
  await service.bed.stop();
});

test("ds01 delete ends it at once, and a lost container is not begun again", async () => {
  const { job: running, bed } = await finishing();
  bed.manager.controlPlane().expectRemoval("ContainerSpec", "alice", "train", "alice");
  await bed.manager.controlPlane().resync();
  await running.gone();
  expect(bed.events.some(({ message }) => message.includes("deleted by alice"))).toBe(true);
  await bed.stop();

  const other = await finishing();
  other.bed.runtime.removeByHand(other.id);
  await other.job.gone();
  expect(other.bed.runtime.count("create")).toBe(3);
  await other.bed.stop();
});

test("a job whose tries have a container each goes on to the end of its last try", async () => {
  const tries = job().replace("Never", "Never, backoffLimit: 2");
  const { job: running, bed, id: first } = await finishing(tries);
  const ids = [first];
  for (let retry = 1; retry <= 2; retry += 1) {
    bed.runtime.kill(running.id(), 1);
    await bed.until("the next try", () => isAnother(bed, ids), 60_000);
    ids.push(running.id());
    expect(bed.record("alice/train")?.pruneBlocked).toMatchObject({ reason: "FinishesFirst" });
    await bed.pass(10_000);
    expect(running.id()).toBe(ids.at(-1));
  }
  expect(bed.record("alice/train")?.memory.retries).toBe(2);
  expect(bed.events.some(({ reason }) => reason === "SpecDeleted")).toBe(false);
  bed.runtime.kill(running.id(), 1);
  await running.gone();
  // Of the two others one each.
  expect(bed.runtime.count("create")).toBe(5);
  await bed.stop();
});

function isAnother(bed: ControllerBed, ids: readonly string[]): boolean {
  const status = bed.record("alice/train")?.status;
  return status?.phase === "Running" && !ids.includes(status.container?.id ?? "");
}

test("a lost container of a later try is not made again", async () => {
  const { job: running, bed, id } = await finishing(job().replace("Never", "Never, backoffLimit: 2"));
  bed.runtime.kill(id, 1);
  await bed.until("the next try", () => isAnother(bed, [id]), 60_000);
  bed.runtime.removeByHand(running.id());
  await running.gone();
  expect(bed.runtime.count("create")).toBe(4);
  await bed.stop();
});

test.each([
  [
    "it is restarted, as was asked for",
    (text: string, now: string) => text.replace("finish}", `finish, "ds01.io/restartedAt": "${now}"}`),
  ],
  [
    "another container takes its place",
    (text: string) => text.replace("Never", 'Never, env: [{name: A, value: "1"}]'),
  ],
])("a job whose file goes while %s goes on to its end", async (_why, edit) => {
  const text = job().replace("bed/base:1", "bed/stubborn:1").replace("Never", "Never, stopGracePeriod: 20s");
  const running = new RunningJob();
  const { bed } = running;
  await running.running(text);
  const before = bed.record("alice/train")?.status.container;
  await bed.pass(2000);
  running.source.write(path, edit(text, new Date(bed.clock.now()).toISOString()));
  await bed.until("the stop", () => bed.phase("alice/train") === "Stopping");

  await running.withoutFile();
  expect(bed.record("alice/train")).toMatchObject({
    pruneBlocked: { reason: "FinishesFirst" },
    status: { phase: "Stopping" },
  });
  await bed.until("the next start", () => bed.phase("alice/train") === "Running", 60_000);
  expect(bed.record("alice/train")?.status.container).not.toEqual(before);
  await bed.pass(1000);
  bed.runtime.kill(running.id(), 0);
  await running.gone();
  await bed.stop();
});
