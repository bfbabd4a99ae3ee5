import type { ContainerDescription } from "../../api/description.ts";
import { printable } from "../terminal.ts";

/** How the last run ended, and below it the end of its log. */
export function lastRunLines(run: ContainerDescription["lastRun"]): readonly string[] {
  if (run === undefined) return [];
  const facts = [
    `ended ${run.finishedAt}`,
    ...(run.exitCode === undefined ? [] : [`exit code ${run.exitCode}`]),
    ...(run.oomKilled === true ? ["killed for lack of memory"] : []),
    `started ${run.startedAt}`,
    ...(run.ofEarlierSpec === true ? ["of an earlier spec"] : []),
  ];
  const log = run.log ?? [];
  return [facts.join(", "), ...(log.length === 0 ? [] : ["last lines of its log:"]), ...log.map(logLine)];
}

function logLine(line: string): string {
  return `  ${printable(line)}`;
}
