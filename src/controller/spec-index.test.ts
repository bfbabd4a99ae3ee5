import { describe, expect, it } from "vitest";
import type { SpecIdentity } from "../api/identity.ts";
import { SpecIndex } from "./spec-index.ts";

const good = (name: string): string =>
  `apiVersion: ds01.io/v1alpha1\nkind: ContainerSpec\nmetadata: {name: ${name}}\nspec: {image: x}\n`;

function text(path: string, content: string) {
  return { path, text: content, contentHash: content, ownerUid: null, ownerName: null };
}

const names = (identities: readonly SpecIdentity[]): string[] =>
  identities.map(({ name }) => name).toSorted();

describe("a file that does not parse", () => {
  it.each([
    ["empty", ""],
    ["cut in the middle", good("train").slice(0, 40)],
    ["without a name", good("train").replace("{name: train}", "{nmae: train}")],
    ["with the name cut", good("train").replace("{name: train}\nspec: {image: x}", "{name: tra")],
    ["with a wrong name", good("train").replace("name: train", "name: Train_x")],
    ["full of NULs", "\0\0\0\0"],
  ])("still speaks about the objects it declared before: %s", (_how, broken) => {
    const index = new SpecIndex(() => []);
    index.upsert("specs", text("users/alice/job.yaml", good("train")));

    const touched = index.upsert("specs", text("users/alice/job.yaml", broken));

    expect(names(touched)).toEqual(["train"]);
    const [file] = index.filesOf({ kind: "ContainerSpec", namespace: "alice", name: "train" });
    expect(file?.rejection?.reason).toBe("SpecInvalid");
  });

  it("keeps every object of a file with several documents", () => {
    const index = new SpecIndex(() => []);
    index.upsert("specs", text("users/alice/all.yaml", `${good("one")}---\n${good("two")}`));

    expect(
      names(index.upsert("specs", text("users/alice/all.yaml", `${good("one")}---\nkind: Cont`))),
    ).toEqual(["one", "two"]);
  });

  it("is about what the store has from it when it is first read in this state", () => {
    const stored: SpecIdentity = { kind: "ContainerSpec", namespace: "alice", name: "train" };
    const index = new SpecIndex((_source, path) => (path === "users/alice/job.yaml" ? [stored] : []));

    expect(names(index.upsert("specs", text("users/alice/job.yaml", "{")))).toEqual(["train"]);
    expect(
      names(index.refuse("specs", { path: "users/alice/job.yaml", reason: "TooLarge", message: "" })),
    ).toEqual(["train"]);
  });

  it("is about what its text suggests where what it declared stands in another file, which was first", () => {
    const stored: SpecIdentity = { kind: "ContainerSpec", namespace: "alice", name: "train" };
    const index = new SpecIndex((_source, path) => (path === "users/alice/job.yaml" ? [stored] : []));
    index.upsert("specs", text("users/alice/job.yaml", good("train")));
    index.upsert("specs", text("users/alice/copy.yaml", good("train")));
    const broken = good("other").replace("image", "imgae");

    expect(names(index.upsert("specs", text("users/alice/copy.yaml", broken)))).toEqual(["other", "train"]);
    expect(index.filesOf(stored).map(({ path }) => path)).toEqual(["users/alice/job.yaml"]);
    // The first one is still about it.
    index.upsert("specs", text("users/alice/copy.yaml", good("train")));
    expect(names(index.upsert("specs", text("users/alice/job.yaml", broken)))).toEqual(["train"]);
  });

  it.each([
    ["nothing", ""],
    ["its beginning", "apiVersion: ds01.io/v1alpha1\nkind: Cont"],
    ["no name", good("")],
    ["a quote without its end", good('"train')],
    ["another name before something that is no YAML", `${good("other")}\t: [`],
  ])(
    "stays about what it declared, beside another file, as long as it does not name another: %s",
    (_what, broken) => {
      const stored: SpecIdentity = { kind: "ContainerSpec", namespace: "alice", name: "train" };
      const index = new SpecIndex((_source, path) => (path === "users/alice/job.yaml" ? [stored] : []));
      for (const path of ["users/alice/job.yaml", "users/alice/copy.yaml"])
        index.upsert("specs", text(path, good("train")));
      index.upsert("specs", text("users/alice/copy.yaml", broken));
      index.remove("specs", "users/alice/job.yaml");
      expect(index.isUndeclared(stored)).toBe(false);
    },
  );

  it("that may not be read any more stays about what it declared beside another file", () => {
    const stored: SpecIdentity = { kind: "ContainerSpec", namespace: "alice", name: "train" };
    const index = new SpecIndex((_source, path) => (path === "users/alice/job.yaml" ? [stored] : []));
    for (const path of ["users/alice/job.yaml", "users/alice/copy.yaml"])
      index.upsert("specs", text(path, good("train")));
    index.refuse("specs", {
      path: "users/alice/copy.yaml",
      reason: "FileNotTrusted",
      message: "others may write it",
    });
    index.remove("specs", "users/alice/job.yaml");
    expect(index.isUndeclared(stored)).toBe(false);
  });

  it("is listed under its own name when nothing better is known", () => {
    expect(names(new SpecIndex(() => []).upsert("specs", text("users/alice/job.yaml", "")))).toEqual(["job"]);
  });
});

it("lets an object go only when a good text no longer declares it", () => {
  const index = new SpecIndex(() => []);
  index.upsert("specs", text("users/alice/job.yaml", good("train")));

  expect(names(index.upsert("specs", text("users/alice/job.yaml", good("eval"))))).toEqual(["eval", "train"]);
  expect(index.filesOf({ kind: "ContainerSpec", namespace: "alice", name: "train" })).toEqual([]);
});
