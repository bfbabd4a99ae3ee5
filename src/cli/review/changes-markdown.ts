import type { ChangeOutcome, ReviewedObject } from "./change-outcome.ts";
import { markdownCell, markdownCode } from "./validation-report.ts";

/** The gravest first: what a reviewer has to look at. */
const order: readonly ChangeOutcome[] = [
  "invalid",
  "refused",
  "removed",
  "recreated",
  "changed in place",
  "created",
];

/**
 * What merging would do, as a comment below a pull request; objects that stay as they are are only counted, unless
 * they are overridden.
 */
export function changesMarkdown(objects: readonly ReviewedObject[]): string {
  const changed = order.flatMap((outcome) => objects.filter((object) => object.outcome === outcome));
  const kept = objects.filter(
    ({ outcome, isOverridden }) => outcome === "unchanged" && isOverridden === true,
  );
  const shown = [...changed, ...kept];
  const summary = changesSummary(objects);
  if (shown.length === 0) return `**ds01 diff**: ${summary}\n`;
  const rows = shown.map(
    ({ object, path, outcome, fields, notes }) =>
      `| ${markdownCode(object)} | ${outcome} | ${fields.map(markdownCode).join(" ")} | ${notes.map(markdownCell).join("<br>")} | ${markdownCode(path)} |\n`,
  );
  return `**ds01 diff**: ${summary}\n\n| object | what happens | fields | to know | file |\n|---|---|---|---|---|\n${rows.join("")}`;
}

/** `1 refused, 2 created, 7 unchanged` */
export function changesSummary(objects: readonly ReviewedObject[]): string {
  const counts = [...order, "unchanged" as const].flatMap((outcome) => {
    const count = objects.filter((object) => object.outcome === outcome).length;
    return count === 0 ? [] : `${count} ${outcome}`;
  });
  return counts.length === 0 ? "nothing declared" : counts.join(", ");
}
