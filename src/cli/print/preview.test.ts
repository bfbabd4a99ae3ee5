import { expect, test } from "vitest";
import type { Preview } from "../../api/description.ts";
import { isUnchanged, renderPreview } from "./preview.ts";
import { renderRefusal } from "./refusal.ts";

const preview: Preview = {
  namespace: "alice",
  name: "train",
  path: "users/alice/train.yaml",
  exists: true,
  problems: [],
  refusal: null,
  changes: [
    { field: "spec.resources.memory", from: "32Gi", to: "48Gi", effect: "in place" },
    { field: "spec.image", from: "pytorch:2.5", to: "pytorch:2.6", effect: "forces recreate" },
    { field: "spec.ports", from: null, to: "8888", effect: "forces recreate" },
  ],
  plan: [
    { do: "pull", target: "pytorch:2.6", cause: "image changed, not here yet" },
    { do: "create", target: "train._.alice.ds01-7", cause: "configuration changed (spec.image)" },
    { do: "stop", target: "train._.alice", cause: "replaced by 2; 30s grace" },
  ],
  notes: ["The process restarts. Files outside its volumes are lost."],
};

test("a change reads as fields, plan with causes, and what is lost", () => {
  expect(renderPreview(preview)).toBe(
    `alice/train   users/alice/train.yaml
  spec.resources.memory: 32Gi -> 48Gi      in place
  spec.image: pytorch:2.5 -> pytorch:2.6   forces recreate
  spec.ports: (absent) -> 8888             forces recreate
plan:
  1 pull     pytorch:2.6            image changed, not here yet
  2 create   train._.alice.ds01-7   configuration changed (spec.image)
  3 stop     train._.alice          replaced by 2; 30s grace
The process restarts. Files outside its volumes are lost.
`,
  );
});

test("a new object is marked, and only an existing one without changes and steps is unchanged", () => {
  const empty = { ...preview, changes: [], plan: [], notes: [] };
  expect(renderPreview({ ...empty, exists: false, changes: preview.changes })).toBe(
    "alice/train   users/alice/train.yaml   (new)\n",
  );
  expect(isUnchanged(empty)).toBe(true);
  expect(isUnchanged({ ...empty, exists: false })).toBe(false);
  expect(isUnchanged({ ...empty, plan: preview.plan })).toBe(false);
});

test("a refusal names its object once", () => {
  const declared = { target: { namespace: "alice", name: "big" } };
  const sentence = 'asks for 4 GPUs; quota "students" allows 2 in one container (quotas/students.yaml:7).';
  expect(renderRefusal(declared, sentence)).toBe(`alice/big refused: ${sentence}`);
  expect(renderRefusal(declared, `alice/big ${sentence}`)).toBe(`alice/big refused: ${sentence}`);
  expect(renderRefusal(declared, `alice/big refused: ${sentence}`)).toBe(`alice/big refused: ${sentence}`);
});

test("an override is told of, whatever the change", () => {
  const override = "stopped until 2026-11-30T11:00:00Z by alice\u001b[2J";
  expect(renderPreview({ ...preview, plan: [], override })).toContain(
    "override: stopped until 2026-11-30T11:00:00Z by alice",
  );
  expect(renderPreview({ ...preview, override })).not.toContain("\u001b");
});
