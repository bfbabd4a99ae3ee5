import { describe, expect, test } from "vitest";
import { imageNeed, imageUse, type ImageFacts, type ImageSituation } from "./image-use.ts";

const hash = "0123456789abcdef";

function image(fields: Partial<ImageFacts> = {}): ImageFacts {
  return {
    id: `sha256:${"ab".repeat(32)}`,
    names: [`ds01-build/alice/train:${hash}`],
    labels: {
      "ds01.build": "true",
      "ds01.user": "alice",
      "ds01.name": "train",
      "ds01.instance": "here",
    },
    ...fields,
  };
}

const nobody: ImageSituation = {
  instance: "here",
  containers: [],
  needs: [],
  unknown: [],
  building: [],
  aliases: [],
};

const train = { namespace: "alice", name: "train" };

describe("what nobody uses", () => {
  test("is prunable when this ds01 built it, with a name or without", () => {
    expect(imageUse(image(), nobody)).toEqual({
      origin: "Built",
      builtFor: train,
      usedBy: [],
      prunable: true,
    });
    expect(imageUse(image({ names: [] }), nobody).prunable).toBe(true);
    const byDigest = `ds01-build/alice/train@sha256:${"cd".repeat(32)}`;
    expect(imageUse(image({ names: [...image().names, byDigest] }), nobody).prunable).toBe(true);
  });

  test("is kept when ds01 did not build it", () => {
    const pulled = imageUse(image({ labels: {}, names: ["python:3.12"] }), nobody);
    expect(pulled).toMatchObject({ origin: "Other", prunable: false });
    expect(pulled.keptBecause).toBe("ds01 did not build it");
    // A name says nothing: anybody can give one.
    expect(imageUse(image({ labels: {} }), nobody).prunable).toBe(false);
    const unmarked = { ...image().labels, "ds01.build": "yes" };
    expect(imageUse(image({ labels: unmarked }), nobody).prunable).toBe(false);
  });

  test("is kept when another ds01 built it, or one without a name", () => {
    const other = imageUse(image({ labels: { ...image().labels, "ds01.instance": "there" } }), nobody);
    expect(other).toMatchObject({ origin: "Built", prunable: false });
    expect(other.keptBecause).toBe('another ds01 ("there") built it');
    const { "ds01.instance": _, ...labels } = image().labels;
    expect(imageUse(image({ labels }), nobody).prunable).toBe(false);
  });

  test("is kept when somebody has given it a name of another kind", () => {
    for (const name of ["lab/shared:1", "ds01-build/alice/train2:1", "ds01-build/bob/train:1"]) {
      const shared = imageUse(image({ names: [...image().names, name] }), nobody);
      expect(shared).toMatchObject({ prunable: false, keptBecause: `it is called ${name} as well` });
    }
  });

  test("is kept while its object is being built, for what was built a moment ago has no name yet", () => {
    const building = imageUse(image({ names: [] }), { ...nobody, building: [train] });
    expect(building).toMatchObject({ prunable: false, keptBecause: "alice/train is being built" });
    const other = { ...nobody, building: [{ namespace: "alice", name: "other" }] };
    expect(imageUse(image({ names: [] }), other).prunable).toBe(true);
  });

  test("is kept while nobody knows what its object needs", () => {
    const unknown = { ...nobody, unknown: [{ ...train, why: "there is no directory to build from" }] };
    expect(imageUse(image(), unknown).keptBecause).toBe(
      "nobody knows what alice/train needs: there is no directory to build from",
    );
  });
});

describe("use", () => {
  test("by a container, of whatever state and whoever made it", () => {
    const { id } = image();
    const own = { imageId: id, owner: train, name: "train._.alice" };
    const foreign = { imageId: id, owner: null, name: "web" };
    const used = imageUse(image(), { ...nobody, containers: [own, own, foreign] });
    expect(used).toMatchObject({ prunable: false, keptBecause: "alice/train and container web use it" });
    expect(used.usedBy).toEqual([
      { type: "Container", ...train },
      { type: "Container", name: "web" },
    ]);
    const other = { ...own, imageId: `sha256:${"cd".repeat(32)}` };
    expect(imageUse(image(), { ...nobody, containers: [other] }).prunable).toBe(true);
  });

  test.each([
    ["its name", `ds01-build/alice/train:${hash}`],
    ["its name with the registry", `docker.io/ds01-build/alice/train:${hash}`],
    ["its id", `sha256:${"ab".repeat(32)}`],
    ["the beginning of its id", "abababababab"],
    ["its id in capitals", `sha256:${"AB".repeat(32)}`],
    ["its digest", `ds01-build/alice/train@sha256:${"cd".repeat(32)}`],
  ])("by a spec that asks for it by %s", (_, reference) => {
    const names = [...image().names, `ds01-build/alice/train@sha256:${"cd".repeat(32)}`];
    const needs = [imageNeed({ namespace: "alice", name: "other" }, [reference])];
    expect(imageUse(image({ names }), { ...nobody, needs })).toMatchObject({
      prunable: false,
      keptBecause: "alice/other uses it",
      usedBy: [{ type: "Spec", namespace: "alice", name: "other" }],
    });
  });

  test("by other names is none", () => {
    const references = ["ds01-build/alice/train:fedcba9876543210", "ds01-build/alice/train", "cdcdcdcdcdcd"];
    const needs = [imageNeed(train, references)];
    expect(imageUse(image(), { ...nobody, needs }).prunable).toBe(true);
  });

  test("names each user once, and not all of many", () => {
    const needs = ["a", "b", "c", "d", "e"].map((name) =>
      imageNeed({ namespace: "alice", name }, [...image().names, ...image().names]),
    );
    const { usedBy, keptBecause } = imageUse(image(), { ...nobody, needs });
    expect(usedBy.length).toBe(5);
    expect(keptBecause).toBe("alice/a, alice/b, alice/c and 2 more use it");
  });
});

test("an image that an alias has given a name to says for whom", () => {
  const pulled = image({ labels: {}, names: ["bed/base:1", "python:3.12"] });
  const aliases = [{ reference: "docker.io/library/python:3.12", imageId: pulled.id, namespaces: ["bob"] }];
  expect(imageUse(pulled, { ...nobody, aliases })).toMatchObject({
    origin: "Aliased",
    aliases: [{ name: "python:3.12", users: ["bob"] }],
    prunable: false,
  });
  // A pull has given the name to another image since.
  const elsewhere = aliases.map((alias) => ({ ...alias, imageId: "sha256:other" }));
  expect(imageUse(pulled, { ...nobody, aliases: elsewhere }).origin).toBe("Other");
});
