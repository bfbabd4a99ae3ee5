/** Where text goes: a stream that may be a terminal. */
export interface Output {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type Colour = "red" | "green" | "yellow" | "dim" | "bold";

const codes: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** Puts a colour around a text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** Colours only on a terminal, and never with NO_COLOR (no-color.org) or TERM=dumb. */
export function painter(output: Output, environment: Readonly<Record<string, string | undefined>>): Paint {
  const coloured =
    output.isTTY === true && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
  if (!coloured) return plain;
  return (colour, text) => {
    const [on, off] = codes[colour];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

/** Never a colour. */
export const plain: Paint = (_colour, text) => text;

/** The colour of a word in a table or a description, by what it means for its owner. */
export function colourOf(word: string): Colour | undefined {
  if (/^(?:Running|Free|Completed|ok)$/.test(word)) return "green";
  if (/^(?:Failed|Backoff|Unhealthy|Degraded|Warning)$/.test(word)) return "red";
  if (/^(?:Pending|Paused|Held|Preparing|Allocated|Creating|Starting|Stopping|InUse|Cordoned)$/.test(word))
    return "yellow";
  return undefined;
}

// Terminal control characters in names or messages could rewrite what a person sees.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The text with control characters shown as `\xNN`; newline and tab stay. */
export function printable(text: string): string {
  return text.replace(
    controlCharacters,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*[\n\t]\s*/g, " "));
}
