const widthMax = 96;

/** A paragraph in lines of at most 96 characters, each indented. */
export function wrapped(paragraph: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(/\s+/)) {
    if (line !== "" && indent + line.length + 1 + word.length > widthMax) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].map((one) => " ".repeat(indent) + one).join("\n");
}
