import { renderProblem } from "./problem.ts";
import type { Problem } from "./problem.ts";

const lineWidthMax = 100;

/** Problems as a compiler prints them: the line of the text and a caret below each. */
export function renderProblems(problems: readonly Problem[], text: string): string {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return problems.map((problem) => renderWithSource(problem, lines)).join("\n");
}

function renderWithSource(problem: Problem, lines: readonly string[]): string {
  const head = renderProblem(problem);
  const source = problem.position === null ? undefined : lines[problem.position.line - 1];
  if (problem.position === null || source === undefined || source.trim() === "") return head;
  const { line, column } = problem.position;
  const start = Math.max(0, column - 1 + Math.min(problem.length, lineWidthMax / 2) - lineWidthMax);
  const shown = source.slice(start, start + lineWidthMax);
  const gutter = `  ${line} | `;
  const before = shown.slice(0, column - 1 - start).replace(/[^\t]/g, " ");
  const caret = "^".repeat(Math.max(1, Math.min(problem.length, shown.length - before.length)));
  return `${head}\n${gutter}${shown}\n${" ".repeat(gutter.length - 2)}| ${before}${caret}`;
}
