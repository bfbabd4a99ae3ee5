/** Where something stands in a text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing wrong with a spec file, for a person to mend. */
export interface Problem {
  /** Path of the file as people know it (below the specs root, or as given on the command line). */
  readonly file: string;
  readonly position: Position | null;
  /** Length in characters of what is wrong, for the caret line; 0 when unknown. */
  readonly length: number;
  /** Field path such as `spec.resources.memory`; empty for the document. */
  readonly field: string;
  /** What is wrong and what is allowed, in one sentence, without place and field. */
  readonly message: string;
}

/** `file:line:column: error: field: message`, as compilers print it. */
export function renderProblem(problem: Problem): string {
  const place = problem.position === null ? "" : `:${problem.position.line}:${problem.position.column}`;
  const field = problem.field === "" ? "" : `${problem.field}: `;
  return `${problem.file}${place}: error: ${field}${problem.message}`;
}
