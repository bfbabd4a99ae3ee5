import { colourOf, plain } from "../terminal.ts";
import type { Paint } from "../terminal.ts";

const gap = "  ";

/** Widths that fit every row; pass the result on to keep later rows in line. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, textWidth(cell))));
  }
  return widths;
}

/** Cells of a row in columns two blanks apart, without blanks at the end. */
export function alignRow(row: readonly string[], widths: readonly number[], paint: Paint = plain): string {
  const cells = row.map((cell, index) => {
    const colour = colourOf(cell);
    const padding = " ".repeat(Math.max(0, (widths[index] ?? 0) - textWidth(cell)));
    return `${colour === undefined ? cell : paint(colour, cell)}${padding}`;
  });
  return cells.join(gap).trimEnd();
}

/** Rows in columns, one line each, every line ended. */
export function alignRows(rows: readonly (readonly string[])[], paint: Paint = plain): string {
  const widths = columnWidths(rows);
  return rows.map((row) => `${alignRow(row, widths, paint)}\n`).join("");
}

/** Terminal cells a text takes; East Asian wide characters and emoji take two. */
function textWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (/\p{Mn}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
