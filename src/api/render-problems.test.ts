import { expect, test } from "vitest";
import { parseSpecText } from "./parse.ts";
import { renderProblems } from "./render-problems.ts";

test("problems show the line of the text and a caret below what is wrong", () => {
  const text = `apiVersion: ds01.io/v1alpha1
kind: ContainerSpec
metadata: {name: train}
spec:
  image: a
  gpu: 1
  resources:
    memory: "32 GB"
`;
  const { problems } = parseSpecText(text, { path: "train.yaml" });
  expect(renderProblems(problems, text)).toBe(
    [
      'train.yaml:6:3: error: spec.gpu: unknown field, did you mean "gpus"?',
      "  6 |   gpu: 1",
      "    |   ^^^",
      'train.yaml:8:13: error: spec.resources.memory: "32 GB" is not a quantity; write 32Gi or 32G',
      '  8 |     memory: "32 GB"',
      "    |             ^^^^^^^",
    ].join("\n"),
  );
});

test("tabs stay tabs below a line, long lines are cut around the place, absent places print no source", () => {
  const at = (column: number, length: number) => ({
    file: "f",
    position: { line: 1, column },
    length,
    field: "",
    message: "m",
  });
  expect(renderProblems([at(3, 1)], "\t\tx")).toBe("f:1:3: error: m\n  1 | \t\tx\n    | \t\t^");
  const [, source, caret] = renderProblems([at(301, 3)], `${"a".repeat(300)}bcd${"e".repeat(300)}`).split(
    "\n",
  );
  expect(source?.slice((caret ?? "").indexOf("^"), (caret ?? "").lastIndexOf("^") + 1)).toBe("bcd");
  expect((source ?? "").length).toBeLessThan(120);
  expect(renderProblems([{ ...at(1, 0), position: null }], "x")).toBe("f: error: m");
  expect(renderProblems([{ ...at(1, 0), position: { line: 9, column: 1 } }], "x")).toBe("f:9:1: error: m");
});
