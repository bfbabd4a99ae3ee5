import { describe, expect, test } from "vitest";
import { UsageError } from "../usage-error.ts";
import { renderJsonPath, selectJsonPath } from "./jsonpath.ts";

const list = {
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      metadata: { name: "train", labels: { "ds01.io/team": "vision" } },
      status: { phase: "Running", restarts: 0, conditions: [{ type: "Ready", status: "True" }] },
    },
    {
      metadata: { name: "sweep", labels: {} },
      status: { phase: "Pending", restarts: 3, conditions: [{ type: "Ready", status: "False" }] },
    },
  ],
};

describe("kubectl's JSONPath", () => {
  test.each([
    ["{.items[*].metadata.name}", "train sweep"],
    [".items[*].metadata.name", "train sweep"],
    ["{.items[0].status.phase}", "Running"],
    ["{.items[-1].status.phase}", "Pending"],
    ["{.items[0:1].metadata.name}", "train"],
    ["{.items[1:].metadata.name}", "sweep"],
    ["{$.kind}", "List"],
    ["{.items[0].metadata['name']}", "train"],
    ["{.items[0]['metadata'].name}", "train"],
    ["{.items[*].metadata.labels.ds01\\.io/team}", "vision"],
    ["{.items[*].metadata.labels['ds01.io/team']}", "vision"],
    ["{.items[0].metadata['name', 'labels']}", 'train {"ds01.io/team":"vision"}'],
    ["{.items[0,1].status.restarts}", "0 3"],
    ["{..phase}", "Running Pending"],
    ["{.items[0].status.*}", 'Running 0 [{"type":"Ready","status":"True"}]'],
    ["{.nothing.here}", ""],
    ['phase: {.items[0].status.phase}{"\\n"}', "phase: Running\n"],
    [
      "{range .items[*]}{.metadata.name}{'\\t'}{.status.phase}{\"\\n\"}{end}",
      "train\tRunning\nsweep\tPending\n",
    ],
    ['{.items[?(@.status.phase=="Running")].metadata.name}', "train"],
    ["{.items[?(@.status.restarts>1)].metadata.name}", "sweep"],
    ["{.items[?(@.status.restarts != 0)].metadata.name}", "sweep"],
    ['{.items[*].status.conditions[?(@.type=="Ready")].status}', "True False"],
    ["{range .items[*]}{range .status.conditions[*]}{.type}={.status};{end}{end}", "Ready=True;Ready=False;"],
    ["{.items[?(@.metadata.labels)].kind}", ""],
    ["{.}", JSON.stringify(list)],
  ])("%s", (template, text) => {
    expect(renderJsonPath(template, list)).toBe(text);
  });

  test("selects values, not text", () => {
    expect(selectJsonPath("{.items[*].status.restarts}", list)).toEqual([0, 3]);
  });

  test.each([
    ["{range .items[*]}{.x}", "{range} without {end}"],
    ["{.x}{end}", "{end} without {range}"],
    ["{.items[}", 'expected an index, "*", a quoted name or ?( )'],
    ["{.items[0}", 'expected "]"'],
    ["{.items[?(@.x==1]}", 'expected ")"'],
    ["{.metadata.}", "expected a field name"],
    ["{}}x{", "expected a path"],
    ["{.x", "expected a path"],
  ])("%s is refused with a column", (template, message) => {
    const attempt = (): string => renderJsonPath(template, list);
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(/column \d+/);
  });

  test("does not reach into prototypes or arrays", () => {
    expect(renderJsonPath("{.constructor}{.items.length}", list)).toBe("");
  });
});
