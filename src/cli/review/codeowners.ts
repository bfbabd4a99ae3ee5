import picomatch from "picomatch";
import type { Problem } from "../../api/problem.ts";

/** A line of a CODEOWNERS file: who is asked about the files that it matches. */
export interface OwnerRule {
  readonly pattern: string;
  /** `@user`, `@organisation/team` or an address; empty where the line takes owners away. */
  readonly owners: readonly string[];
  readonly line: number;
  matches(path: string): boolean;
}

/** What a CODEOWNERS file says, and what in it the forges would not understand. */
export interface CodeOwners {
  readonly rules: readonly OwnerRule[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a CODEOWNERS file: patterns as in .gitignore, but without `!` and `[ ]`, the last one that matches counts.
 * Source: "About code owners" of GitHub's documentation; sections of GitLab (`[Name]`) are read as headings.
 */
export function parseCodeOwners(text: string, file: string): CodeOwners {
  const rules: OwnerRule[] = [];
  const problems: Problem[] = [];
  text.split(/\r?\n/).forEach((written, index) => {
    const content = written.replace(/(?:^|\s)#.*$/, "").trim();
    if (content === "" || /^\^?\[[^\]]*\]/.test(content)) return;
    const [pattern = "", ...owners] = content.split(/(?<!\\)\s+/).map((word) => word.replaceAll("\\ ", " "));
    const wrong = wrongIn(pattern, owners);
    if (wrong === undefined) rules.push({ pattern, owners, line: index + 1, matches: matcherOf(pattern) });
    else {
      const column = written.indexOf(wrong.what) + 1;
      const position = { line: index + 1, column };
      problems.push({ file, position, length: wrong.what.length, field: "", message: wrong.message });
    }
  });
  return { rules, problems };
}

/** The owners of a path below the root of the repository; undefined where no line matches. */
export function ownersOf(rules: readonly OwnerRule[], path: string): OwnerRule | undefined {
  return rules.findLast((rule) => rule.matches(path));
}

function wrongIn(
  pattern: string,
  owners: readonly string[],
): { readonly what: string; readonly message: string } | undefined {
  if (/^!|[[\]]/.test(pattern)) {
    const message = `"${pattern}" has ! or [ ], which CODEOWNERS does not know: the line would be skipped; write the paths out`;
    return { what: pattern, message };
  }
  const stranger = owners.find((owner) => !/^@[\w.-]+(?:\/[\w./-]+)?$|^[^@\s]+@[^@\s]+$/.test(owner));
  if (stranger === undefined) return undefined;
  const message = `"${stranger}" is no owner: write @user, @organisation/team or an address`;
  return { what: stranger, message };
}

/** A pattern matches a file, or all below a directory; `dir/*` only what stands in `dir` itself. */
function matcherOf(pattern: string): (path: string) => boolean {
  const isAnchored = pattern.slice(0, -1).includes("/");
  const bare = pattern.replace(/^\//, "").replace(/\/$/, "");
  const start = isAnchored ? bare : `**/${bare}`;
  const globs = [
    ...(pattern.endsWith("/") ? [] : [start]),
    ...(pattern.endsWith("/*") && isAnchored ? [] : [`${start}/**`]),
  ];
  return picomatch(globs, { dot: true, nobrace: true, nonegate: true, noextglob: true });
}
