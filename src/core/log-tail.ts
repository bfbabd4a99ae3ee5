/** How much of a log is kept for when its container is gone. */
export const keptLogLimits = { lines: 20, bytes: 4096 } as const;

/** Kept where the beginning of a long line was left out. */
const cut = "…";

/** The last lines of a log, cut at the front to what is kept; control characters but tabs are left out. */
export function logTail(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  const lines = withoutControls(text).replace(/\n+$/, "").split("\n").slice(-keptLogLimits.lines);
  const kept = shortened(lines.join("\n"));
  return kept === "" ? "" : `${kept}\n`;
}

function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= keptLogLimits.bytes) return text;
  const room = keptLogLimits.bytes - new TextEncoder().encode(cut).length;
  const end = new TextDecoder().decode(bytes.slice(bytes.length - room));
  // A character that was cut in two is no character any more.
  return `${cut}${end.replace(/^\uFFFD+/, "")}`;
}

function withoutControls(text: string): string {
  return Array.from(text)
    .filter((character) => character === "\n" || character === "\t" || !isControl(character))
    .join("");
}

function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
