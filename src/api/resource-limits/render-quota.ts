import { apiVersion } from "../names.ts";
import { wrapped } from "../wrap-text.ts";
import { yamlText } from "../wrong-value.ts";
import type { QuotaDraft } from "./quota-draft.ts";
import { targets } from "./setting.ts";

/** A line of YAML and the comment beside it. */
interface Line {
  readonly text: string;
  readonly comment?: string;
}

/** The widest line that comments are aligned behind; longer ones have theirs directly behind them. */
const commentColumnMax = 36;

/** A draft as a YAML document, each value with the words that say where it comes from. */
export function renderQuota(draft: QuotaDraft): string {
  const lines = [...subjectLines(draft), ...fieldLines(draft)];
  const widths = lines
    .filter(({ comment }) => comment !== undefined)
    .map(({ text }) => text.length)
    .filter((width) => width <= commentColumnMax);
  const column = Math.max(0, ...widths);
  const body = lines.map(({ text, comment }) =>
    comment === undefined ? text : `${text.padEnd(column)}  # ${onOneLine(comment)}`,
  );
  const reason =
    draft.reason === null ? [] : ["  annotations:", `    reason: ${JSON.stringify(draft.reason)}`];
  return [
    ...draft.about.flatMap((paragraph) => comment(paragraph)),
    `apiVersion: ${apiVersion}`,
    "kind: QuotaSpec",
    "metadata:",
    `  name: ${yamlText(draft.name)}`,
    ...reason,
    "spec:",
    ...body,
    ...(draft.subjects === "everybody" ? hostPathHint : []),
    "",
  ].join("\n");
}

/** The scripts let everybody mount anything, so no key of theirs becomes this. */
const hostPathHint: readonly string[] = [
  ...comment(
    "Nothing in the file says which paths of the host may be mounted, and ds01 allows none until a quota does. For home directories:",
  ),
  "#  policy:",
  "#    hostPaths:",
  "#      - path: /home/{user}/**",
];

function subjectLines({ subjects }: QuotaDraft): readonly Line[] {
  const head: Line = { text: "  subjects:" };
  if (subjects === "everybody") return [head, { text: "    default: true" }];
  const { users, comment: from } = subjects;
  if (users.length === 0) return [head, { text: "    users: []", comment: from }];
  return [
    head,
    { text: "    users:", comment: from },
    ...users.map((user) => ({ text: `      - ${yamlText(user)}` })),
  ];
}

function fieldLines({ fields }: QuotaDraft): readonly Line[] {
  const lines: Line[] = [];
  let open: readonly string[] = [];
  for (const { path } of targets) {
    const setting = fields.get(path);
    if (setting === undefined) continue;
    const steps = path.split(".");
    const parents = steps.slice(0, -1);
    for (const [depth, parent] of parents.entries()) {
      const isOpen = parents.slice(0, depth + 1).join(".") === open.slice(0, depth + 1).join(".");
      if (!isOpen) lines.push({ text: `${indent(depth)}${parent}:` });
    }
    open = parents;
    const name = steps.at(-1) ?? "";
    lines.push({
      text: `${indent(parents.length)}${name}: ${yamlText(setting.value)}`,
      comment: setting.comment,
    });
  }
  return lines;
}

function indent(depth: number): string {
  return "  ".repeat(depth + 1);
}

function comment(paragraph: string): readonly string[] {
  return wrapped(onOneLine(paragraph), 0)
    .split("\n")
    .map((line) => `# ${line}`);
}

/** Names of files and keys may hold anything; a comment ends with its line. */
function onOneLine(text: string): string {
  return text.replaceAll(/\s+|[^\x20-\x7E\u00A0-\uFFFC]+/g, " ").trim();
}
