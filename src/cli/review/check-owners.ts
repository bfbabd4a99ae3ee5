import type { Problem } from "../../api/problem.ts";
import { ownersOf, type CodeOwners } from "./codeowners.ts";

export interface OwnersQuestion {
  readonly owners: CodeOwners;
  /** Path of the CODEOWNERS file, as a person knows it. */
  readonly file: string;
  /** Files to look at: their path as a person knows it, and below the root of the repository. */
  readonly paths: readonly { readonly path: string; readonly inRepository: string }[];
  /** Who made the change, with the teams they are in; empty: only that there are owners is looked at. */
  readonly authors: readonly string[];
}

/** Files that nobody is asked about, or that others than their author have to be asked about. */
export function checkOwners({ owners, file, paths, authors }: OwnersQuestion): readonly Problem[] {
  const found = paths.flatMap(({ path, inRepository }): Problem[] => {
    const rule = ownersOf(owners.rules, inRepository);
    const problem = (message: string): Problem[] => [
      { file: path, position: null, length: 0, field: "", message },
    ];
    if (rule === undefined || rule.owners.length === 0) {
      const why =
        rule === undefined ? "no line matches it" : `line ${rule.line} (${rule.pattern}) names nobody`;
      return problem(`has no owner in ${file}: ${why}; whoever may merge may change it: add a line for it`);
    }
    if (authors.length === 0 || rule.owners.some((owner) => authors.includes(owner))) return [];
    const whose = rule.owners.join(", ");
    return problem(
      `belongs to ${whose} (${file}:${rule.line}), not to ${authors.join(", ")}: one of the owners has to approve it`,
    );
  });
  return [...owners.problems, ...found];
}
