import { describe, expect, test } from "vitest";
import type { Preview } from "../../api/description.ts";
import { outcomeOf, reviewed } from "./change-outcome.ts";
import { changesMarkdown, changesSummary } from "./changes-markdown.ts";

const preview: Preview = {
  namespace: "alice",
  name: "train",
  path: "users/alice/train.yaml",
  exists: true,
  problems: [],
  refusal: null,
  changes: [],
  plan: [],
  notes: [],
};
const change = { field: "spec.image", from: "a", to: "b", effect: "forces recreate" } as const;

describe("what a change does to an object", () => {
  const problem = { file: "x", position: null, length: 0, field: "", message: "is wrong" };
  test.each([
    ["unchanged", {}],
    ["created", { exists: false }],
    ["changed in place", { changes: [{ ...change, effect: "in place" }] }],
    ["recreated", { changes: [{ ...change, effect: "no restart" }, change] }],
    ["changed in place", { plan: [{ do: "start", target: "x", cause: "y" }] }],
    ["refused", { exists: false, refusal: { reason: "ExceedsMaxQuota", message: "too much" } }],
    ["invalid", { problems: [problem] }],
  ] as const)("is %s", (outcome, part) => {
    expect(outcomeOf({ ...preview, ...part } as Preview)).toBe(outcome);
  });
});

test("a reviewer reads the gravest first, and values nowhere", () => {
  const secret = {
    field: "spec.env",
    from: "old-secret",
    to: "new-secret",
    effect: "forces recreate",
  } as const;
  const objects = [
    reviewed("containers/alice/same", "s.yaml", preview),
    reviewed("containers/alice/new", "n.yaml", { ...preview, exists: false, notes: ["waits | for a GPU"] }),
    reviewed("containers/alice/train", "t.yaml", { ...preview, changes: [change, secret] }),
    reviewed("containers/bob/big", "b.yaml", {
      ...preview,
      refusal: { reason: "ExceedsMaxQuota", message: "bob/big asks for 9 GPUs" },
    }),
  ];
  const text = changesMarkdown(objects);
  expect(text.split("\n")).toEqual([
    "**ds01 diff**: 1 refused, 1 recreated, 1 created, 1 unchanged",
    "",
    "| object | what happens | fields | to know | file |",
    "|---|---|---|---|---|",
    "| `containers/bob/big` | refused |  | bob/big asks for 9 GPUs | `b.yaml` |",
    "| `containers/alice/train` | recreated | `spec.image` `spec.env` |  | `t.yaml` |",
    "| `containers/alice/new` | created |  | waits \\| for a GPU | `n.yaml` |",
    "",
  ]);
  expect(text).not.toContain("secret");
});

test("nothing to do is said in a line", () => {
  expect(changesMarkdown([reviewed("containers/a/b", "x", preview)])).toBe("**ds01 diff**: 1 unchanged\n");
  expect(changesSummary([])).toBe("nothing declared");
});

test("what is overridden is shown though nothing of it changes", () => {
  const objects = [
    reviewed("containers/alice/same", "s.yaml", preview),
    reviewed("containers/alice/train", "t.yaml", { ...preview, override: "stopped until 11:00 by alice" }),
  ];
  const text = changesMarkdown(objects);
  expect(text).toContain("2 unchanged");
  expect(text).toMatch(/`containers\/alice\/train` \| unchanged \|.*stopped until 11:00 by alice/);
  expect(text).not.toContain("alice/same");
});
