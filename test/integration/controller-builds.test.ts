import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { ownLabels, removeLeftovers } from "../../src/controller/build-leftovers.ts";
import { ConflictError } from "../../src/util/errors.ts";
import { ControllerBed } from "../support/controller-bed.ts";
import { fakeImage } from "../support/fake-images.ts";

let beds: ControllerBed[] = [];

afterEach(async () => {
  await Promise.all(beds.map((bed) => bed.stop()));
  beds = [];
});

function newBed(): ControllerBed {
  const bed = new ControllerBed();
  beds.push(bed);
  return bed;
}

/** Like the bed's `declare`, without an image. */
function declare(bed: ControllerBed, key: string, context: string, fields: object = {}): void {
  bed.source.write(`users/${key}.yaml`, specText(key, context, fields));
}

function specText(key: string, context: string, fields: object = {}): string {
  const [namespace, name] = key.split("/");
  const { args, ...others } = fields as { readonly args?: object };
  return JSON.stringify({
    apiVersion: "ds01.io/v1alpha1",
    kind: "ContainerSpec",
    metadata: { name, namespace },
    spec: { build: { context, ...(args === undefined ? {} : { args }) }, ...others },
  });
}

function give(bed: ControllerBed, dockerfile: string, user = "alice", context = "app"): void {
  bed.contexts.contents.set(`users/${user}/${context}`, dockerfile);
}

test("an image that a user built is given no other name", async () => {
  const bed = newBed();
  const labels = { "ds01.build": "true", "ds01.user": "bob" };
  bed.runtime.imagesHere.set("shared/evil:1", fakeImage("shared/evil:1", { labels }));
  bed.declare("bob", "poison", [
    "image: python:3.12",
    "imageAliases: [shared/evil:1]",
    "imagePullPolicy: Never",
  ]);
  bed.declare("bob", "own", ["image: python:3.12", "imageAliases: ['ds01-build/bob/x:1']"]);
  bed.start();
  await bed.until("both are told", () =>
    ["poison", "own"].every((name) => bed.record(`bob/${name}`)?.status.reason !== undefined),
  );
  expect(bed.record("bob/poison")?.status.reason).toBe("ImageNotFound");
  expect(bed.record("bob/own")?.status.reason).toBe("ImageDenied");
  expect(bed.runtime.count("tag")).toBe(0);
});

test("what another user has built cannot be had by its id", async () => {
  const bed = newBed();
  const labels = { "ds01.build": "true", "ds01.user": "alice" };
  const secret = fakeImage("ds01-build/alice/train:1", { labels });
  bed.runtime.imagesHere.set(secret.reference, secret);
  bed.declare("bob", "thief", [`image: ${secret.id}`]);
  bed.declare("alice", "own", [`image: ${secret.id}`]);
  bed.start();
  await bed.until(
    "both are told",
    () => bed.phase("bob/thief") === "Failed" && bed.phase("alice/own") === "Running",
  );
  expect(bed.record("bob/thief")?.status.reason).toBe("ImageDenied");
});

test.each([
  ["FROM ds01-build/alice/train:1", {}],
  ["FROM bed/base:1\nCOPY --from=docker.io/ds01-build/alice/train:1 / /", {}],
  ["ARG BASE\nFROM $BASE", { BASE: "ds01-build/alice/train:1" }],
  ["FROM ID", {}],
  ["FROM bed/base:1\nCOPY --from=ID / /", {}],
  ["FROM lab/trap:1", {}],
])("a Dockerfile cannot take from what another user has built: %s", async (dockerfile, args) => {
  const bed = newBed();
  const labels = { "ds01.build": "true", "ds01.user": "alice" };
  const secret = fakeImage("ds01-build/alice/train:1", { labels });
  bed.runtime.imagesHere.set(secret.reference, secret);
  const onBuild = ["COPY --from=ds01-build/alice/train:1 / /"];
  bed.runtime.registry.set("lab/trap:1", fakeImage("lab/trap:1", { onBuild }));
  give(bed, dockerfile.replace("ID", secret.id), "bob");
  declare(bed, "bob/thief", "app", { args });
  bed.start();
  await bed.until("bob is told", () => bed.phase("bob/thief") === "Failed");
  expect(bed.record("bob/thief")?.status.reason).toBe("BuildDenied");
  expect(bed.runtime.count("build")).toBe(0);
});

test("a name that another user's alias gave to an image is the registry's for a build", async () => {
  const bed = newBed();
  bed.declare("bob", "train", ["image: python:3.12", "imageAliases: [bed/base:1]"]);
  bed.start();
  await bed.until("bob's to run", () => bed.phase("bob/train") === "Running");
  const proper = fakeImage("docker.io/library/python:3.12");
  bed.runtime.registry.set("python:3.12", proper);
  give(bed, "FROM python:3.12");
  declare(bed, "alice/app", "app");
  await bed.until("alice's to run", () => bed.phase("alice/app") === "Running");
  expect(bed.runtime.imagesHere.get("python:3.12")?.id).toBe(proper.id);
});

test("a build ends when its spec is deleted, stopped or another, and others of the user wait for it", async () => {
  const bed = newBed();
  for (const name of ["deleted", "stopped", "changed"])
    give(bed, `FROM bed/base:1\n# ${name} hangs`, "alice", name);
  bed.start();
  for (const name of ["deleted", "stopped", "changed"]) {
    for (const user of ["alice", "bob"]) give(bed, `FROM bed/base:1\n# not ${name}`, user, "good");
    declare(bed, `alice/${name}`, name);
    await bed.until(`${name} to be built`, () => bed.runtime.count("build") > 0);
    declare(bed, "alice/waits", "good");
    declare(bed, `bob/${name}`, "good");
    await bed.until("bob's to run", () => bed.phase(`bob/${name}`) === "Running");
    expect(bed.phase("alice/waits")).toBe("Preparing");
    if (name === "deleted") bed.source.remove(`users/alice/${name}.yaml`);
    if (name === "stopped") declare(bed, `alice/${name}`, name, { desiredState: "Stopped" });
    if (name === "changed") declare(bed, `alice/${name}`, "good");
    await bed.until("the next to be built", () => bed.phase("alice/waits") === "Running");
    bed.source.remove(`users/alice/waits.yaml`);
    await bed.until("it to be gone", () => bed.record("alice/waits") === undefined);
    bed.runtime.calls.length = 0;
  }
  await bed.until("the changed one to run", () => bed.phase("alice/changed") === "Running");
  expect(bed.events.filter(({ reason }) => reason === "ImageBuildFailed")).toEqual([]);
});

test("a preview ends no build that is under way, whatever it is of", async () => {
  const bed = newBed();
  give(bed, "FROM bed/base:1\n# hangs");
  give(bed, "FROM bed/base:1\n# another", "alice", "other");
  declare(bed, "alice/app", "app");
  bed.start();
  await bed.until("it to be built", () => bed.runtime.count("build") === 1);
  const control = bed.manager.controlPlane();
  const previews = [
    specText("alice/app", "app"),
    specText("alice/app", "other"),
    specText("alice/app", "app", { desiredState: "Stopped" }),
  ];
  for (const text of previews) await control.preview(text, "users/alice/app.yaml");
  // Another object comes to run meanwhile: what the previews asked for has been seen to by then.
  declare(bed, "bob/app", "other");
  give(bed, "FROM bed/base:1\n# good", "bob", "other");
  await bed.until("bob's to run", () => bed.phase("bob/app") === "Running");
  expect(bed.record("alice/app")?.status.message).toContain("build");
  expect(bed.events.filter(({ reason }) => reason === "ImageBuildFailed")).toEqual([]);
  expect(control.buildLog("alice", "app", { follow: false, tail: null })).toBeDefined();
  expect(bed.runtime.count("build")).toBe(2);
  declare(bed, "alice/app", "app", { desiredState: "Stopped" });
  await bed.until("it to end with its spec", () => bed.phase("alice/app") === "Stopped");
});

test("a build ends in an emergency stop, and after two hours", async () => {
  const bed = newBed();
  give(bed, "FROM bed/base:1\n# hangs");
  declare(bed, "alice/app", "app");
  bed.start();
  await bed.until("it to be built", () => bed.runtime.count("build") === 1);
  bed.clock.advance(2 * 3_600_000);
  await bed.until("it to end", () => bed.record("alice/app")?.status.reason === "BuildTooLong");
  expect(bed.phase("alice/app")).toBe("Failed");

  bed.clock.advance(300_000);
  await bed.until("it to be built again", () => bed.runtime.count("build") === 2);
  give(bed, "FROM bed/base:1\n# good", "alice", "good");
  declare(bed, "alice/waits", "good");
  await bed.manager.controlPlane().emergencyStop({ user: "alice", by: "root", reason: "smoke" });
  await bed.until("both to be stopped", () =>
    ["app", "waits"].every((name) => bed.phase(`alice/${name}`) === "Stopped"),
  );
  expect(bed.runtime.count("build")).toBe(2);
});

test("what a build writes is in its log alone, and goes with the object", async () => {
  const bed = newBed();
  give(bed, "FROM bed/base:1\n# fails with s3cret");
  declare(bed, "alice/app", "app");
  bed.start();
  await bed.until("it to fail", () => bed.phase("alice/app") === "Failed");
  const control = bed.manager.controlPlane();
  const log = control.buildLog("alice", "app", { follow: false, tail: null });
  expect(await text(log as never)).toContain("s3cret");
  expect(bed.record("alice/app")?.status.message).toContain("step 1/1 (FROM) failed");
  expect(JSON.stringify([bed.record("alice/app")?.status, bed.events])).not.toContain("s3cret");
  bed.source.remove("users/alice/app.yaml");
  await bed.until("it to be gone", () => bed.record("alice/app") === undefined);
  expect(control.buildLog("alice", "app", { follow: false, tail: null })).toBeUndefined();
});

test("an image that was cut off and is used keeps nobody from building", async () => {
  const used = new ConflictError({ reason: "Conflict", message: "it is used" });
  const removed: string[] = [];
  const left = (id: string) => ({
    id,
    references: [],
    sizeBytes: 1,
    sharedBytes: null,
    createdAt: 0,
    labels: ownLabels({ namespace: "alice", name: "app" }, "here"),
  });
  await removeLeftovers({ namespace: "alice", name: "app" }, "here", {
    images: async () => [left("used"), left("free"), { ...left("named"), references: ["a:1"] }],
    removeImage: async (id) => {
      removed.push(id);
      if (id === "used") throw used;
    },
  });
  expect(removed).toEqual(["used", "free"]);
});

test("files that were changed a moment before their spec are what the next image is made of", async () => {
  const bed = newBed();
  give(bed, "FROM scratch");
  declare(bed, "alice/train", "app");
  bed.start();
  await bed.until("it to run", () => bed.phase("alice/train") === "Running");
  const imageOf = (): string | undefined =>
    bed.runtime.containers.find(({ state }) => state === "running")?.config.image;
  const before = imageOf();

  declare(bed, "alice/train", "app", { desiredState: "Stopped" });
  await bed.until("it to be stopped", () => bed.phase("alice/train") !== "Running");
  // No second has passed since the files were looked at.
  give(bed, "FROM scratch\nRUN true");
  declare(bed, "alice/train", "app");
  await bed.until("it to run again", () => imageOf() !== undefined);
  expect(imageOf()).not.toBe(before);
});
