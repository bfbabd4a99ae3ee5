/** A fenced block of a Markdown file. */
export interface FencedBlock {
  /** Word behind the fence, such as `yaml`; empty when there is none. */
  readonly language: string;
  readonly text: string;
  /** Line of the file at which its text begins. */
  readonly line: number;
}

/** A Markdown file taken apart as far as the docs test looks. */
export interface MarkdownParts {
  readonly blocks: readonly FencedBlock[];
  /** Texts of the headings without marks. */
  readonly headings: readonly string[];
  /** Targets of links and pictures, as written. */
  readonly links: readonly string[];
  /** What stands between single backticks outside of fenced blocks. */
  readonly codeSpans: readonly string[];
}

/** Takes a Markdown text apart. */
export function markdownParts(text: string): MarkdownParts {
  const { blocks, prose } = splitFences(text);
  const codeSpans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  const withoutCode = prose.replaceAll(/`[^`\n]+`/g, "``");
  return {
    blocks,
    headings: [...prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, title = ""]) => plain(title)),
    links: [
      ...withoutCode.matchAll(/\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
      ...withoutCode.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm),
      ...withoutCode.matchAll(/\b(?:src|href)="([^"]+)"/g),
    ].map(([, target = ""]) => target),
    codeSpans,
  };
}

/** The anchor that a heading gets on common forges. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}

function plain(title: string): string {
  return title.replaceAll("`", "").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

function splitFences(text: string): { blocks: readonly FencedBlock[]; prose: string } {
  const blocks: FencedBlock[] = [];
  const prose: string[] = [];
  let open: { fence: string; indent: number; language: string; lines: string[]; line: number } | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line);
    if (open === null && fence !== null) {
      const [, space = "", marks = "", language = ""] = fence;
      open = { fence: marks, indent: space.length, language, lines: [], line: index + 2 };
    } else if (open !== null && line.trim() === open.fence) {
      blocks.push({ language: open.language, text: `${open.lines.join("\n")}\n`, line: open.line });
      open = null;
    } else if (open === null) prose.push(line);
    else open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
  }
  return { blocks, prose: prose.join("\n") };
}
