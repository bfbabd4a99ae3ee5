import { expect, test } from "vitest";
import { parseTree } from "./tree-entry.ts";

const id = "1".repeat(40);

test("every mode that a tree may hold is one of the kinds that Git writes out, or a submodule", () => {
  const modes = { "100644": "file", "100755": "file", "100664": "file", "100600": "file", "100000": "file" };
  const others = { "120000": "symlink", "120777": "symlink", "160000": "submodule", "000644": "submodule" };
  for (const [mode, type] of Object.entries({ ...modes, ...others })) {
    expect(parseTree(`${mode} blob ${id}      12\tlab/a b\n.yaml\0`, "lab")).toEqual([
      { path: "a b\n.yaml", type, id, size: 12 },
    ]);
  }
});

test("what has no size counts as empty, and what is elsewhere is left out", () => {
  const output = `160000 commit ${id}       -\tlab/users\u0000100644 blob ${id}       3\tlaboratory/a\0`;
  expect(parseTree(output, "lab")).toEqual([{ path: "users", type: "submodule", id, size: 0 }]);
});
