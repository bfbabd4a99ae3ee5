import { afterEach, expect, test } from "vitest";
import { ControllerBed } from "../support/controller-bed.ts";
import { fakeImage } from "../support/fake-images.ts";

let beds: ControllerBed[] = [];

afterEach(async () => {
  await Promise.all(beds.map((bed) => bed.stop()));
  beds = [];
});

function newBed(before?: ControllerBed): ControllerBed {
  const bed = new ControllerBed({}, before?.store, before);
  beds.push(bed);
  return bed;
}

const aliased = ["image: team/tool:1", "imageAliases: [gone/tool:1, bed/base:1]"];

test("the first alias that is here is given the name of the image, and nothing is pulled", async () => {
  const bed = newBed();
  bed.declare("alice", "train", aliased);
  bed.start();
  await bed.until("train to run", () => bed.phase("alice/train") === "Running");
  const base = bed.runtime.imagesHere.get("bed/base:1")?.id ?? "";
  expect(bed.runtime.mutations.filter((call) => !call.includes("train"))).toEqual([`tag ${base}`]);
  expect(bed.runtime.container("train._.alice").config.image).toBe("team/tool:1");
  expect(bed.events).toContainEqual(
    expect.objectContaining({
      reason: "ImageAliased",
      message: "bed/base:1 is tagged as team/tool:1: team/tool:1 is not here, and its alias bed/base:1 is",
    }),
  );
});

test("what one user calls by a name is not what others get by it, also after a restart", async () => {
  const first = newBed();
  first.declare("alice", "train", aliased);
  first.start();
  await first.until("train to run", () => first.phase("alice/train") === "Running");
  first.declare("bob", "local", ["image: team/tool:1", "imagePullPolicy: Never"]);
  await first.until("bob is told", () => first.phase("bob/local") === "Failed");
  expect(first.record("bob/local")?.status.message).toContain("only as an alias in specs of alice");
  await first.stop();

  const bed = newBed(first);
  bed.runtime.registry.set("team/tool:1", fakeImage("team/tool:1"));
  bed.declare("alice", "train", aliased);
  bed.declare("bob", "pulled", ["image: team/tool:1"]);
  bed.start();
  await bed.until("bob's to run", () => bed.phase("bob/pulled") === "Running");
  expect(bed.runtime.count("pull")).toBe(1);
  // The container of the alias goes on as it is.
  expect(bed.phase("alice/train")).toBe("Running");
  expect(bed.runtime.container("train._.alice").state).toBe("running");
});

test("a name that nobody knows is answered with those that are here", async () => {
  const bed = newBed();
  bed.declare("alice", "local", ["image: bed/bsae:1", "imagePullPolicy: Never"]);
  bed.declare("alice", "remote", ["image: bed/bsae:1"]);
  bed.start();
  await bed.until("both are told", () =>
    ["local", "remote"].every((name) => bed.phase(`alice/${name}`) === "Failed"),
  );
  for (const name of ["local", "remote"]) {
    expect(bed.record(`alice/${name}`)?.status.message).toContain("did you mean bed/base:1, which is here?");
  }
});
