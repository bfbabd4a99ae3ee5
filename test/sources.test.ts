import { expect, test } from "vitest";
import type { SpecSink } from "../src/ports/spec-source.ts";
import { ControllerBed } from "./support/controller-bed.ts";
import { fakeImage } from "./support/fake-images.ts";
import { MemorySource } from "./support/memory-source.ts";
import { MemoryStore } from "./support/memory-store.ts";

const spec = (name: string, image = "bed/base:1"): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}}\nspec: {image: "${image}"}\n`;

const pathOf = (name: string, user = "alice"): string => `users/${user}/${name}.yaml`;

class TwoSources {
  readonly lab = new MemorySource("lab");
  readonly local = new MemorySource("specs");
  readonly bed: ControllerBed;

  constructor(store = new MemoryStore(), before?: ControllerBed) {
    this.bed = new ControllerBed({ sources: [this.lab, this.local] }, store, before);
  }

  async running(...keys: string[]): Promise<void> {
    await this.bed.until(`${keys.join()} to run`, () =>
      keys.every((key) => this.bed.phase(key) === "Running"),
    );
  }

  rejection(key: string): string {
    return this.bed.record(key)?.rejection?.message ?? "none";
  }
}

test("objects of several sources run side by side, also from files of the same path", async () => {
  const two = new TwoSources();
  two.lab.write(pathOf("work"), spec("train"));
  two.local.write(pathOf("work"), spec("eval"));
  two.bed.start();
  await two.running("alice/train", "alice/eval");

  two.lab.remove(pathOf("work"));
  await two.bed.until("train to go", () => two.bed.record("alice/train") === undefined, 30_000);

  expect(two.bed.phase("alice/eval")).toBe("Running");
  await two.bed.stop();
});

test("the same object in two sources is refused in both, the last good one stays", async () => {
  const two = new TwoSources();
  two.bed.runtime.imagesHere.set("bed/base:2", fakeImage("bed/base:2"));
  two.lab.write(pathOf("train"), spec("train"));
  two.bed.start();
  await two.running("alice/train");

  two.local.write(pathOf("train"), spec("train", "bed/base:2"));
  await two.bed.until("the conflict to show", () => two.rejection("alice/train") !== "none");

  expect(two.rejection("alice/train")).toBe(
    'alice/train is declared in users/alice/train.yaml of the source "lab" and ' +
      'users/alice/train.yaml of the source "specs": keep one of them',
  );
  await two.bed.pass(10_000);
  expect(two.bed.record("alice/train")?.spec?.image).toBe("bed/base:1");
  expect(two.bed.phase("alice/train")).toBe("Running");

  const id = two.bed.record("alice/train")?.status.container?.id;
  two.lab.remove(pathOf("train"));
  await two.bed.until("it to change hands", () => two.rejection("alice/train") === "none");
  expect(two.bed.record("alice/train")).toMatchObject({
    source: { source: "specs" },
    spec: { image: "bed/base:2" },
    deletion: null,
  });
  await two.bed.until("it to run as the other says", () => {
    const now = two.bed.record("alice/train")?.status.container?.id;
    return now !== undefined && now !== id && two.bed.phase("alice/train") === "Running";
  });
  expect(two.bed.runtime.containers.map(({ config }) => config.image)).toEqual(["bed/base:2"]);
  await two.bed.stop();
});

test("a source that cannot be read keeps its objects, and holds nobody else's back", async () => {
  const two = new TwoSources();
  two.lab.write(pathOf("train"), spec("train"));
  two.local.write(pathOf("eval"), spec("eval"));
  two.local.write(pathOf("more", "bob"), spec("more"));
  two.bed.start();
  await two.running("alice/train", "alice/eval", "bob/more");

  two.lab.vanish("the server is away");
  two.local.remove(pathOf("eval"));
  await two.bed.until("eval to go", () => two.bed.record("alice/eval") === undefined, 30_000);

  expect(two.bed.phase("alice/train")).toBe("Running");
  expect(two.bed.record("alice/train")?.deletion).toBeNull();
  const sources = two.bed.manager.controlPlane().sources.list();
  expect(sources.find(({ name }) => name === "specs")?.status.message).toBe("1 spec file is in effect");
  expect(two.bed.manager.controlPlane().health()).toContainEqual(
    expect.objectContaining({
      name: "SourceSynced",
      ok: false,
      message: "lab: the server is away; specs: 1 spec file",
    }),
  );
  await two.bed.stop();
});

test("an object changes hands only when the source that had it is known not to have it", async () => {
  const before = new TwoSources();
  before.lab.write(pathOf("train"), spec("train"));
  before.bed.start();
  await before.running("alice/train");
  await before.bed.stop();

  const two = new TwoSources(before.bed.store, before.bed);
  two.lab.vanish("the server is away");
  two.local.write(pathOf("train"), spec("train", "bed/base:2"));
  two.bed.start();
  await two.bed.until("the conflict to show", () => two.rejection("alice/train") !== "none");
  expect(two.rejection("alice/train")).toContain('was in users/alice/train.yaml of the source "lab"');
  expect(two.bed.record("alice/train")?.spec?.image).toBe("bed/base:1");

  await two.lab.restore();
  await two.bed.until("it to change hands", () => two.rejection("alice/train") === "none");
  expect(two.bed.record("alice/train")?.source.source).toBe("specs");
  await two.bed.stop();
});

test("objects of a source that left the configuration stay until somebody confirms", async () => {
  const before = new TwoSources();
  before.lab.write(pathOf("train"), spec("train"));
  before.local.write(pathOf("eval"), spec("eval"));
  before.bed.start();
  await before.running("alice/train", "alice/eval");
  await before.bed.stop();

  const left = new MemorySource("specs");
  left.write(pathOf("eval"), spec("eval"));
  const bed = new ControllerBed({ sources: [left] }, before.bed.store, before.bed);
  bed.start();
  await bed.until(
    "the guard to hold it back",
    () => bed.record("alice/train")?.pruneBlocked !== null,
    30_000,
  );
  const [blocked] = bed.manager.controlPlane().blockedPrunes();
  expect(blocked).toMatchObject({
    objects: ["alice/train"],
    reason: expect.stringContaining('no source "lab" any more') as string,
  });
  expect(bed.phase("alice/train")).toBe("Running");

  await bed.manager.controlPlane().confirmPrune(blocked?.token ?? "", "root");
  await bed.until("train to go", () => bed.record("alice/train") === undefined, 30_000);
  await bed.stop();
});

test("a state directory from before there were several sources goes on without a change", async () => {
  const before = new ControllerBed();
  before.source.write(pathOf("train"), spec("train"));
  before.start();
  await before.until("train to run", () => before.phase("alice/train") === "Running");
  await before.stop();
  const id = before.record("alice/train")?.status.container?.id;

  // The directory got another name in the configuration.
  const renamed = new MemorySource("lab");
  renamed.write(pathOf("train"), spec("train"));
  const bed = new ControllerBed({ sources: [renamed] }, before.store, before);
  bed.start();
  await bed.until("the record to follow", () => bed.record("alice/train")?.source.source === "lab");
  await bed.pass(5000);

  expect(bed.record("alice/train")).toMatchObject({ generation: 1, status: { container: { id } } });
  await bed.stop();
});

/** A source that is asked and does not answer yet. */
class SlowSource extends MemorySource {
  answer: () => void = () => undefined;
  readonly #asked = new Promise<void>((resolve) => (this.answer = resolve));

  override async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
    await this.#asked;
    await super.run(sink, signal);
  }
}

test("what moved to another source while the controller was away is kept until that one was read", async () => {
  const before = new TwoSources();
  before.local.write(pathOf("train"), spec("train"));
  before.local.write(pathOf("eval"), spec("eval"));
  before.bed.start();
  await before.running("alice/train", "alice/eval");
  const { id } = before.bed.record("alice/train")?.status.container ?? {};
  await before.bed.stop();

  const local = new MemorySource("specs");
  local.write(pathOf("eval"), spec("eval"));
  const lab = new SlowSource("lab");
  lab.write(pathOf("train"), spec("train"));
  const bed = new ControllerBed({ sources: [lab, local] }, before.bed.store, before.bed);
  bed.start();
  await bed.until("the first source to be read", () => bed.phase("alice/eval") === "Running");
  await bed.pass(60_000);
  expect(bed.record("alice/train")?.deletion).toBeNull();

  lab.answer();
  await bed.until("it to change hands", () => bed.record("alice/train")?.source.source === "lab");
  await bed.pass(10_000);
  expect(bed.record("alice/train")).toMatchObject({ deletion: null, status: { container: { id } } });
  await bed.stop();
});

test("what was removed while the controller was away goes once every source was asked", async () => {
  const before = new TwoSources();
  before.local.write(pathOf("train"), spec("train"));
  before.local.write(pathOf("eval"), spec("eval"));
  before.bed.start();
  await before.running("alice/train", "alice/eval");
  await before.bed.stop();

  const local = new MemorySource("specs");
  local.write(pathOf("eval"), spec("eval"));
  const lab = new SlowSource("lab");
  const bed = new ControllerBed({ sources: [lab, local] }, before.bed.store, before.bed);
  bed.start();
  await bed.until("the first source to be read", () => bed.phase("alice/eval") === "Running");
  await bed.pass(10_000);
  lab.answer();
  await bed.until("train to go", () => bed.record("alice/train") === undefined, 30_000);
  await bed.stop();
});

test("what a source that could never be read may have is kept until somebody confirms, or it is found there", async () => {
  const before = new TwoSources();
  before.local.write(pathOf("train"), spec("train"));
  before.local.write(pathOf("eval"), spec("eval"));
  before.local.write(pathOf("more"), spec("more"));
  before.bed.start();
  await before.running("alice/train", "alice/eval", "alice/more");
  const { id } = before.bed.record("alice/train")?.status.container ?? {};
  await before.bed.stop();

  const two = new TwoSources(before.bed.store, before.bed);
  two.local.write(pathOf("eval"), spec("eval"));
  two.lab.write(pathOf("train"), spec("train"));
  two.lab.vanish("the token is wrong");
  two.bed.start();
  const heldBack = (key: string): boolean => two.bed.record(key)?.pruneBlocked != null;
  await two.bed.until(
    "both to be held back",
    () => heldBack("alice/train") && heldBack("alice/more"),
    30_000,
  );
  const control = two.bed.manager.controlPlane();
  expect(control.blockedPrunes()[0]?.reason).toContain('they may be in "lab", which could not be read yet');

  await two.lab.restore();
  await two.bed.until("it to change hands", () => two.bed.record("alice/train")?.source.source === "lab");
  await two.bed.pass(10_000);
  expect(two.bed.record("alice/train")).toMatchObject({ pruneBlocked: null, status: { container: { id } } });
  expect(two.bed.phase("alice/more")).toBe("Running");

  const [blocked] = control.blockedPrunes();
  expect(blocked?.objects).toEqual(["alice/more"]);
  await control.confirmPrune(blocked?.token ?? "", "root");
  await two.bed.until("more to go", () => two.bed.record("alice/more") === undefined, 30_000);
  await two.bed.stop();
});
