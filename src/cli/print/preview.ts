import type { FieldChange, Preview } from "../../api/description.ts";
import { oneLine } from "../terminal.ts";
import { alignRows } from "./columns.ts";

/** What would happen (`ds01 diff`, `--dry-run`): changes, the plan with causes, what a person should know. */
export function renderPreview(preview: Preview): string {
  const title = `${preview.namespace}/${preview.name}   ${preview.path}${preview.exists ? "" : "   (new)"}\n`;
  // Of a new object every field is new; the file says them better.
  const changed = preview.exists ? preview.changes : [];
  const changes = changed.map((change) => [`  ${changeText(change)}`, ` ${change.effect}`]);
  const steps = preview.plan.map((step, index) => [
    `  ${String(index + 1).padStart(String(preview.plan.length).length)} ${step.do}`,
    ` ${oneLine(step.target)}`,
    ` ${oneLine(step.cause)}`,
  ]);
  return [
    title,
    alignRows(changes),
    ...(steps.length === 0 ? [] : ["plan:\n", alignRows(steps)]),
    ...(preview.override === undefined ? [] : [`override: ${oneLine(preview.override)}\n`]),
    ...preview.notes.map((note) => `${oneLine(note)}\n`),
  ].join("");
}

/** True when applying would do nothing. */
export function isUnchanged(preview: Preview): boolean {
  return preview.exists && preview.changes.length === 0 && preview.plan.length === 0;
}

function changeText({ field, from, to }: FieldChange): string {
  return `${field}: ${oneLine(from ?? "(absent)")} -> ${oneLine(to ?? "(absent)")}`;
}
