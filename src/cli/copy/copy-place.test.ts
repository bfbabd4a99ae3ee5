import { describe, expect, it } from "vitest";
import { parseCopy, parseCopyPlace, pathInContainer } from "./copy-place.ts";

describe("the ends of a copy", () => {
  it.each([
    ["train:/data/x", { at: "container", container: "train", path: "/data/x" }],
    ["train:x:y", { at: "container", container: "train", path: "x:y" }],
    ["train:", { at: "container", container: "train", path: "." }],
    ["alice/train:x", { at: "container", container: "alice/train", path: "x" }],
    ["data.csv", { at: "here", path: "data.csv" }],
    ["./train:x", { at: "here", path: "./train:x" }],
    ["/srv/a:b", { at: "here", path: "/srv/a:b" }],
  ])("%s", (word, place) => {
    expect(parseCopyPlace(word)).toEqual(place);
  });

  it("are two, one of them in a container", () => {
    expect(() => parseCopy(["a"])).toThrow("say what to copy");
    expect(() => parseCopy(["a", "b"])).toThrow("neither end");
    expect(() => parseCopy(["a:x", "b:y"])).toThrow("both ends");
    expect(parseCopy(["a", "b:y"]).to.at).toBe("container");
  });

  it("start at the workspace, and are never taken for flags", () => {
    expect(pathInContainer("x/../y", "/workspace")).toBe("/workspace/y");
    expect(pathInContainer("/data//x", "/workspace")).toBe("/data/x");
    expect(pathInContainer("-rf", null)).toBe("./-rf");
  });
});
