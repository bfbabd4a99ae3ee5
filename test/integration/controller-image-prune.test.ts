import { afterEach, describe, expect, test } from "vitest";
import { ownLabels } from "../../src/controller/build-leftovers.ts";
import { buildReference } from "../../src/core/build.ts";
import type { ManagerSettings } from "../../src/controller/manager-ports.ts";
import type { ImagePruneOutcome, ImagePruning, ImageRecord } from "../../src/ports/control-plane.ts";
import { ConflictError, UnreachableError } from "../../src/util/errors.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { fakeImage, type FakeImage } from "../support/fake-images.ts";

let beds: ControllerBed[] = [];

afterEach(async () => {
  await Promise.all(beds.map((bed) => bed.stop()));
  beds = [];
});

/** A controller that has read its specs and listed its containers. */
async function newBed(settings: Partial<ManagerSettings> = {}): Promise<ControllerBed> {
  const bed = new ControllerBed(settings);
  beds.push(bed);
  bed.start();
  bed.declare("alice", "plain");
  await bed.until("a first container", () => bed.phase("alice/plain") === "Running");
  return bed;
}

function declareBuild(bed: ControllerBed, key: string, fields: object = {}): void {
  const [namespace, name] = key.split("/");
  const spec = { build: { context: name }, ...fields };
  const metadata = { name, namespace };
  const object = { apiVersion: "ds01.io/v1alpha1", kind: "ContainerSpec", metadata, spec };
  bed.source.write(`users/${key}.yaml`, JSON.stringify(object));
}

function give(bed: ControllerBed, key: string, dockerfile: string): void {
  bed.contexts.contents.set(`users/${key}`, dockerfile);
}

/** The name of what the object's files make; the double's hash of a context is its text. */
function builtName(key: string, dockerfile: string): string {
  const [namespace = "", name = ""] = key.split("/");
  return buildReference({ namespace, name }, { context: name, dockerfile: "Dockerfile" }, dockerfile);
}

/** An image of an object that was built earlier. */
function leftOver(bed: ControllerBed, key: string, fields: Partial<FakeImage> = {}, word = "old"): string {
  const [namespace = "", name = ""] = key.split("/");
  const reference = builtName(key, word);
  const labels = ownLabels({ namespace, name }, "test");
  bed.runtime.imagesHere.set(reference, fakeImage(reference, { labels, ...fields }));
  return reference;
}

async function prune(bed: ControllerBed, request: Partial<ImagePruning> = {}): Promise<ImagePruneOutcome> {
  const everything = { namespace: null, olderThanMs: null, images: null, dryRun: false, by: "root" };
  const answer = bed.manager.controlPlane().pruneImages({ ...everything, ...request });
  // Reads of files and calls of the engine go on while time passes.
  let done = false;
  void answer.then(
    () => (done = true),
    () => (done = true),
  );
  await bed.until("an answer", () => done);
  return await answer;
}

async function imagesOf(bed: ControllerBed): Promise<ReadonlyMap<string, ImageRecord>> {
  const { images } = bed.manager.controlPlane();
  await images.refresh();
  return new Map(images.list().map((image) => [image.spec.names[0] ?? "", image]));
}

const namesIn = ({ images }: ImagePruneOutcome): readonly string[] => images.flatMap(({ names }) => names);

describe("what is shown", () => {
  test("is what ds01 built, aliases, and what its containers and specs use, with who uses it", async () => {
    const bed = await newBed();
    const old = leftOver(bed, "bob/gone");
    give(bed, "alice/train", "FROM bed/base:1");
    declareBuild(bed, "alice/train");
    bed.declare("bob", "aliased", ["image: python:3.12", "imageAliases: [bed/pause:1]"]);
    await bed.until("they run", () =>
      ["alice/train", "bob/aliased"].every((key) => bed.phase(key) === "Running"),
    );
    const images = await imagesOf(bed);
    expect(images.get(old)).toMatchObject({
      name: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
      status: { origin: "Built", builtFor: { namespace: "bob", name: "gone" }, usedBy: [], prunable: true },
    });
    const train = { namespace: "alice", name: "train" };
    expect(images.get(builtName("alice/train", "FROM bed/base:1"))?.status).toMatchObject({
      usedBy: [
        { type: "Spec", ...train },
        { type: "Container", ...train },
      ],
      prunable: false,
      keptBecause: "alice/train uses it",
    });
    expect(images.get("bed/pause:1")?.status).toMatchObject({
      origin: "Aliased",
      aliases: [{ name: "python:3.12", users: ["bob"] }],
    });
    // Base of a Dockerfile and of a container.
    expect(images.get("bed/base:1")?.status).toMatchObject({ origin: "Other", prunable: false });
    expect(images.get("bed/base:1")?.status.usedBy).toContainEqual({ type: "Spec", ...train });
    expect(images.has("bed/health:1")).toBe(false);
  });

  test("changes only with what it shows", async () => {
    const bed = await newBed();
    await imagesOf(bed);
    const { images } = bed.manager.controlPlane();
    const changes: string[] = [];
    images.onChange(({ type, object }) => void changes.push(`${type} ${object.spec.names[0] ?? ""}`));
    await images.refresh();
    const old = leftOver(bed, "alice/gone");
    await images.refresh();
    await bed.runtime.removeImage(old);
    await images.refresh();
    expect(changes).toEqual([`ADDED ${old}`, `DELETED ${old}`]);
  });
});

describe("pruning", () => {
  test("removes what nothing uses, tells each with its cause, and leaves all others alone", async () => {
    const bed = await newBed();
    const [old, nameless] = [leftOver(bed, "alice/gone"), fakeImage("nameless").id];
    const labels = ownLabels({ namespace: "alice", name: "gone" }, "test");
    bed.runtime.imagesHere.set(nameless, fakeImage("nameless", { labels }));
    const foreign = { labels: ownLabels({ namespace: "alice", name: "gone" }, "elsewhere") };
    leftOver(bed, "alice/gone", foreign, "elsewhere");
    leftOver(bed, "alice/gone", { labels: {} }, "unmarked");
    const stays = [...bed.runtime.imagesHere.keys()].filter((name) => name !== old && name !== nameless);
    const answer = await prune(bed);
    expect(answer).toMatchObject({ dryRun: false, kept: [], freedBytesAtLeast: 1_200_000 });
    expect(answer.freedBytesAtMost).toBe(2_000_000);
    expect(namesIn(answer)).toEqual([old]);
    expect([...bed.runtime.imagesHere.keys()]).toEqual(stays);
    const told = bed.events.filter(({ reason }) => reason === "ImagePruned");
    expect(told.map(({ involvedObject }) => involvedObject)).toEqual([
      expect.objectContaining({ kind: "Image", namespace: "alice" }),
      expect.objectContaining({ kind: "Image", namespace: "alice" }),
    ]);
    expect(told.map(({ message }) => message)).toContain(
      `${old}, built for alice/gone, is removed: no spec and no container uses it; asked for by root`,
    );
    expect((await prune(bed)).images).toEqual([]);
  });

  test("keeps what the files of a spec make now, whether or not a container is there, and what they build on", async () => {
    const bed = await newBed();
    const base = leftOver(bed, "alice/base");
    const dockerfile = `FROM ${base}`;
    give(bed, "alice/idle", dockerfile);
    declareBuild(bed, "alice/idle", { desiredState: "Stopped" });
    const [now, before] = [leftOver(bed, "alice/idle", {}, dockerfile), leftOver(bed, "alice/idle")];
    await bed.until("it is read", () => bed.phase("alice/idle") === "Stopped");
    expect(namesIn(await prune(bed, { dryRun: true }))).toEqual([before]);
    give(bed, "alice/idle", "FROM bed/base:1");
    expect(namesIn(await prune(bed)).toSorted()).toEqual([base, before, now].toSorted());
  });

  test("keeps what a container uses, stopped or of nobody, until it is gone", async () => {
    const bed = await newBed();
    give(bed, "alice/train", "FROM bed/base:1");
    declareBuild(bed, "alice/train");
    await bed.until("it runs", () => bed.phase("alice/train") === "Running");
    const first = builtName("alice/train", "FROM bed/base:1");
    give(bed, "alice/train", "FROM bed/base:1\n# other");
    declareBuild(bed, "alice/train", { desiredState: "Stopped" });
    await bed.until("it has stopped", () => bed.phase("alice/train") === "Stopped");
    expect((await prune(bed)).images).toEqual([]);
    expect((await imagesOf(bed)).get(first)?.status.keptBecause).toBe("alice/train uses it");
    bed.source.remove("users/alice/train.yaml");
    await bed.until("it is gone", () => bed.record("alice/train") === undefined, 60_000);
    expect(namesIn(await prune(bed))).toEqual([first]);
  });

  test("keeps what is not known to be unused", async () => {
    const bed = await newBed();
    const old = leftOver(bed, "alice/train");
    declareBuild(bed, "alice/train");
    await bed.until("it cannot be built", () => bed.phase("alice/train") === "Failed");
    expect((await prune(bed)).images).toEqual([]);
    expect((await imagesOf(bed)).get(old)?.status.keptBecause).toMatch(
      /^nobody knows what alice\/train needs/,
    );
    give(bed, "alice/train", "FROM bed/base:1\n# hangs");
    await bed.until("it is being built", () => bed.runtime.count("build") > 0, 60_000);
    expect((await prune(bed)).images).toEqual([]);
    expect((await imagesOf(bed)).get(old)?.status.keptBecause).toBe("alice/train is being built");
  });

  test("takes only those of a user, of an age, or that were named", async () => {
    const bed = await newBed();
    const hourMs = 3_600_000;
    const [alice, bob] = [leftOver(bed, "alice/gone"), leftOver(bed, "bob/gone")];
    const young = leftOver(bed, "alice/young", { createdAt: bed.clock.now() - hourMs });
    const dry = { dryRun: true };
    expect(namesIn(await prune(bed, { ...dry, namespace: "alice" })).toSorted()).toEqual(
      [alice, young].toSorted(),
    );
    expect(namesIn(await prune(bed, { ...dry, olderThanMs: 2 * hourMs })).toSorted()).toEqual(
      [alice, bob].toSorted(),
    );
    expect(namesIn(await prune(bed, { ...dry, olderThanMs: hourMs / 2 })).length).toBe(3);
    const name = (await imagesOf(bed)).get(bob)?.name ?? "";
    expect(namesIn(await prune(bed, { images: [name] }))).toEqual([bob]);
    expect(bed.runtime.imagesHere.has(alice)).toBe(true);
  });

  test("removes nothing in a dry run, be it the command's or the controller's", async () => {
    const bed = await newBed();
    const old = leftOver(bed, "alice/gone");
    expect(await prune(bed, { dryRun: true })).toMatchObject({ dryRun: true, images: [{ names: [old] }] });
    const dry = new ControllerBed({ dryRun: true }, undefined, bed);
    beds.push(dry);
    dry.start();
    await dry.until("it has looked", () =>
      dry.manager
        .controlPlane()
        .health()
        .every(({ ok }) => ok),
    );
    expect(await prune(dry)).toMatchObject({ dryRun: true, images: [{ names: [old] }] });
    expect(bed.runtime.count("removeImage")).toBe(0);
    expect(bed.events.filter(({ reason }) => reason === "ImagePruned")).toEqual([]);
  });

  test("removes nothing while specs or containers are not known, or when another controller has taken over", async () => {
    const bed = await newBed();
    leftOver(bed, "alice/gone");
    bed.source.vanish("the directory is gone");
    await bed.turns();
    await expect(prune(bed)).rejects.toMatchObject({ reason: "ImageUseUnknown" });
    const [image] = [...(await imagesOf(bed)).values()].filter(({ status }) => status.origin === "Built");
    expect(image?.status).toMatchObject({ prunable: false, keptBecause: "the specs have not all been read" });
    await bed.source.restore();
    await bed.until("the specs are read", () => bed.manager.controlPlane().health()[0]?.ok === true);
    bed.lockHeld = false;
    await expect(prune(bed)).rejects.toMatchObject({ reason: "LockLost" });
    bed.lockHeld = true;
    expect(bed.runtime.count("removeImage")).toBe(0);
    expect((await prune(bed)).images.length).toBe(1);
  });

  test("keeps what a container was made from meanwhile, and says so", async () => {
    const bed = await newBed();
    const old = leftOver(bed, "alice/gone");
    const used = new ConflictError({ reason: "Conflict", message: "a container uses it" });
    bed.runtime.inject({ call: "removeImage", when: "before", error: () => used, times: 1 });
    const answer = await prune(bed);
    expect(answer).toMatchObject({ images: [], kept: [{ why: "a container uses it", status: null }] });
    expect(bed.runtime.imagesHere.has(old)).toBe(true);
    expect(bed.events.filter(({ reason }) => reason.startsWith("ImagePrune"))).toEqual([]);
    // An answer that was lost says nothing of what has happened.
    bed.runtime.inject({ call: "removeImage", when: "after", times: 1 });
    await expect(prune(bed)).rejects.toBeInstanceOf(UnreachableError);
    expect(bed.events.map(({ reason }) => reason)).toContain("ImagePruneFailed");
  });
});
