/**
 * The words of a line as a POSIX shell splits it, with quotes and backslashes and without anything else of a shell;
 * undefined when a quote is not closed.
 */
export function shellWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  const piece = /\s+|'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\]+)/y;
  let word: string | null = null;
  while (piece.lastIndex < line.length) {
    const match = piece.exec(line);
    if (match === null) return undefined;
    const [whole, single, double, escaped, bare] = match;
    const text = single ?? double?.replaceAll(/\\(["\\$`\n])/g, "$1") ?? escaped ?? bare;
    if (text !== undefined) word = (word ?? "") + text;
    else if (whole !== "" && word !== null) {
      words.push(word);
      word = null;
    }
  }
  return word === null ? words : [...words, word];
}
