import type { HealthLine } from "../../client/answers.ts";
import { oneLine } from "../terminal.ts";
import type { Paint } from "../terminal.ts";

/** One line a check; below a failing one what to do. */
export function renderHealth(lines: readonly HealthLine[], paint: Paint): string {
  const width = Math.max(0, ...lines.map((line) => line.name.length));
  return lines
    .map(({ name, ok, message, remedy }) => {
      const verdict = ok ? paint("green", "ok  ") : paint("red", "FAIL");
      const advice = ok || remedy === null ? "" : `${" ".repeat(width + 8)}${oneLine(remedy)}\n`;
      return `${verdict}  ${name.padEnd(width)}  ${oneLine(message)}\n${advice}`;
    })
    .join("");
}
