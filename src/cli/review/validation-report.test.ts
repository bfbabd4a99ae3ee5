import fc from "fast-check";
import { expect, test } from "vitest";
import type { Problem } from "../../api/problem.ts";
import {
  githubAnnotations,
  markdownCell,
  markdownCode,
  sarifLog,
  validationMarkdown,
} from "./validation-report.ts";

const problem: Problem = {
  file: "users/alice/a,b.yaml",
  position: { line: 7, column: 3 },
  length: 4,
  field: "spec.gpus",
  message: '100% wrong:\n"gpu" | `x`',
};
const whole: Problem = {
  ...problem,
  file: "b.yaml",
  position: null,
  length: 0,
  field: "",
  message: "no owner",
};
const files = [
  { path: problem.file, problems: [problem] },
  { path: "b.yaml", problems: [whole] },
  { path: "c.yaml", problems: [] },
];

test("GitHub shows a problem where it stands", () => {
  expect(githubAnnotations(files)).toBe(
    '::error file=users/alice/a%2Cb.yaml,line=7,col=3,endColumn=7,title=spec.gpus::100%25 wrong:%0A"gpu" | `x`\n' +
      "::error file=b.yaml::no owner\n",
  );
});

test("a text cannot end a command of GitHub's log, whatever it holds", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (message, file) => {
      const text = githubAnnotations([{ path: file, problems: [{ ...problem, file, message }] }]);
      expect(text.trimEnd().split(/[\r\n]/)).toHaveLength(1);
      expect(text.startsWith("::error file=")).toBe(true);
    }),
  );
});

test("SARIF has a result for each problem", () => {
  expect(sarifLog(files, "1.2.3")).toMatchObject({
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "ds01", version: "1.2.3" } },
        results: [
          {
            ruleId: "spec",
            level: "error",
            message: { text: `spec.gpus: ${problem.message}` },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "users/alice/a,b.yaml" },
                  region: { startLine: 7, startColumn: 3, endColumn: 7 },
                },
              },
            ],
          },
          { message: { text: "no owner" } },
        ],
      },
    ],
  });
});

test("Markdown says all in a table, or that all is well", () => {
  expect(validationMarkdown([{ path: "c.yaml", problems: [] }], "1 ok\n")).toBe("**ds01 validate**: 1 ok\n");
  const text = validationMarkdown(files, "2 files with 2 errors, 1 ok\n");
  expect(text.split("\n")).toEqual([
    "**ds01 validate**: 2 files with 2 errors, 1 ok",
    "",
    "| where | field | what is wrong |",
    "|---|---|---|",
    '| `users/alice/a,b.yaml:7:3` | `spec.gpus` | 100% wrong: "gpu" \\| \\`x\\` |',
    "| `b.yaml` |  | no owner |",
    "",
  ]);
});

test("nothing in a cell ends it, notifies anybody or is markup", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      for (const cell of [markdownCell(text), markdownCode(text)]) {
        expect(cell).not.toMatch(/[\r\n]/);
        expect(cell.replace(/\\./g, "")).not.toMatch(/\|/);
      }
      expect(markdownCode(text).slice(1, -1)).not.toContain("`");
    }),
  );
  expect(markdownCell("ask @alice")).toBe("ask @\u200Balice");
});
