import { parseSpecText } from "../../api/parse.ts";
import { renderProblem } from "../../api/problem.ts";
import { expectedIn } from "../../api/spec-folders.ts";
import type { SourceChanges } from "../../ports/spec-source.ts";
import { GitFailure } from "./git-failure.ts";

/** So many are told. */
const shownProblems = 5;

/** GitFailure RevisionInvalid where a changed file would not be taken: with `onInvalid: revision` none of them is. */
export function refuseInvalid({ upserts, refusals }: SourceChanges): void {
  const problems = [
    ...refusals.map(({ message }) => message),
    ...upserts.flatMap(({ path, text }) => {
      const { kind, namespace } = expectedIn(path);
      return parseSpecText(text, { path, expect: kind, namespaceFromPath: namespace }).problems.map(
        renderProblem,
      );
    }),
  ];
  if (problems.length === 0) return;
  const more = problems.length > shownProblems ? `; and ${problems.length - shownProblems} more` : "";
  throw new GitFailure({
    reason: "RevisionInvalid",
    message: `${problems.slice(0, shownProblems).join("; ")}${more}`,
    remedy: "mend the files: with onInvalid: revision all of a revision is taken or nothing",
  });
}
