/** What `git push --porcelain` says of the one branch that is pushed. */
export interface PushVerdict {
  /** `=`: it is there already, `!`: rejected, anything else: done. */
  readonly flag: string;
  /** `[remote rejected] (pre-receive hook declined)` */
  readonly said: string;
}

/** Reads the line of the branch; undefined where it came to none. */
export function verdictIn(stdout: string): PushVerdict | undefined {
  const found = /^(.)\t[^\t\n]+\t([^\n]*)$/m.exec(stdout);
  return found === null ? undefined : { flag: found[1] ?? "", said: printed(found[2] ?? "") };
}

/** More words than these no person reads. */
const mostLines = 30;
const longestLine = 500;

/** What the server said to people during a push, as lines without anything that could rewrite a terminal. */
export function remoteLines(stderr: string): readonly string[] {
  const lines = stderr
    .split(/[\r\n]+/)
    .flatMap((line) => /^remote: ?(.*)$/.exec(line)?.slice(1) ?? [])
    .map(printed);
  return lines.filter((line) => line !== "").slice(0, mostLines);
}

function printed(line: string): string {
  return (
    line
      // oxlint-disable-next-line no-control-regex -- what terminals are steered with is what is taken out
      .replaceAll(/\u001B\[[0-9;?]*[ -/]*[@-~]/g, "")
      .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")
      .replaceAll(/:\/\/[^\s/@]*@/g, "://")
      .slice(0, longestLine)
      .trimEnd()
  );
}

/** Where forges of the open Internet compare branches, by their host. */
const compareAt: Readonly<Record<string, (repository: string, into: string, branch: string) => string>> = {
  "github.com": (repository, into, branch) => `${repository}/compare/${into}...${branch}?expand=1`,
  "codeberg.org": (repository, into, branch) => `${repository}/compare/${into}...${branch}`,
  "gitlab.com": (repository, into, branch) =>
    `${repository}/-/compare/${encodeURIComponent(into)}...${encodeURIComponent(branch)}`,
};

/** Where a pull request of a branch can be opened; null where the server is none that is known. */
export function compareLink(url: string, into: string | null, branch: string): string | null {
  const found =
    /^(?:https:\/\/|ssh:\/\/)(?:[^\s/@]+@)?([^\s/:]+)(?::\d+)?\/([^\s?#]+)$/.exec(url) ??
    /^[^\s/@]+@([^\s/:]+):([^\s?#]+)$/.exec(url);
  const [, host = "", path = ""] = found ?? [];
  const make = compareAt[host];
  if (make === undefined || into === null) return null;
  return make(`https://${host}/${path.replace(/\/$/, "").replace(/\.git$/, "")}`, into, branch);
}
