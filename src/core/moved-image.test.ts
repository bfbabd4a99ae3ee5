import { expect, test } from "vitest";
import { changed, edited, ended, running } from "../../test/support/one-object.ts";
import { startOfTest as start } from "../../test/support/world-builder.ts";
import { decide } from "./decide.ts";
import { imageUse } from "./images/image-use.ts";

const minute = 60_000;
const moved = { type: "present", id: "sha256:moved" } as const;

test("what runs is left alone when its image's name, or an alias, comes to stand for another image", () => {
  const before = running({ imageAliases: ["lab/base:1"] });
  expect(before.containers[0]?.state).toBe("running");
  const after = decide({ ...before, image: moved }, start + minute);
  expect(after.steps).toEqual([]);
  expect(after.status).toMatchObject({ phase: "Running", container: before.record.status.container });

  const renamed = edited({ ...before, image: moved }, { imageAliases: ["lab/base:2"] });
  expect(decide(renamed, start + minute).steps).toEqual([]);
  const withoutAny = edited({ ...before, image: moved }, {});
  expect(decide(withoutAny, start + minute).steps).toEqual([]);
});

test("what has crashed is started again as it is, whatever the name stands for by now", () => {
  const crashed = changed(running({ imageAliases: ["lab/base:1"] }), ended(start + minute));
  const { steps } = decide({ ...crashed, image: moved }, start + 2 * minute);
  expect(steps.map((step) => step.do)).toEqual(["start"]);
});

test("an image that has lost all its names is kept while a container is made from it", () => {
  const labels = {
    "ds01.build": "true",
    "ds01.user": "alice",
    "ds01.name": "train",
    "ds01.instance": "here",
  };
  const owner = { namespace: "alice", name: "train" };
  const containers = [{ imageId: "sha256:old", owner, name: "train._.alice" }];
  const moment = { instance: "here", needs: [], unknown: [], building: [], aliases: [] };
  const image = { id: "sha256:old", names: [], labels };
  expect(imageUse(image, { ...moment, containers })).toMatchObject({
    prunable: false,
    keptBecause: "alice/train uses it",
  });
  expect(imageUse(image, { ...moment, containers: [] }).prunable).toBe(true);
});
