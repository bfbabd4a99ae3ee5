import { InvalidError } from "../util/errors.ts";

/** Longest name of a branch that is taken, in characters; servers that keep each as a file have room for it. */
const longestName = 200;

/**
 * Whether this is the name of a branch, without `refs/heads/`: a part of what Git takes (git-check-ref-format(1)),
 * nothing that a program could take for an option, and nothing that names something else than a branch.
 */
export function isBranchName(name: string): boolean {
  if (name.length > longestName || name === "HEAD" || name.startsWith("refs/")) return false;
  if (!/^[A-Za-z0-9_][A-Za-z0-9._/+@-]*$/.test(name) || /\.\.|@\{/.test(name)) return false;
  return name.split("/").every((part) => part !== "" && !/^\.|\.$|\.lock$/.test(part));
}

/** Throws InvalidError BranchNameInvalid for what `isBranchName` refuses. */
export function mustBeBranchName(name: string): void {
  if (isBranchName(name)) return;
  throw new InvalidError({
    reason: "BranchNameInvalid",
    message: `${JSON.stringify(name.slice(0, 100))} is no name of a branch that changes are pushed to`,
    remedy: "take letters, digits and . _ - in parts separated by /, without refs/heads/",
  });
}

/**
 * Whether a user may push to a branch by patterns of `sources[].git.push.branches`, in which `*` stands for any
 * characters of one part of the name and `{user}` for who asks.
 */
export function allowsBranch(patterns: readonly string[], branch: string, user: string): boolean {
  return patterns.some((pattern) => patternOf(pattern, user).test(branch));
}

function patternOf(pattern: string, user: string): RegExp {
  const parts = pattern.split(/(\*|\{user\})/).map((part) => {
    if (part === "*") return "[^/]*";
    return escaped(part === "{user}" ? user : part);
  });
  return new RegExp(`^${parts.join("")}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
