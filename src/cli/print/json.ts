/** A value as JSON for people and scripts: two blanks a level, ended. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
