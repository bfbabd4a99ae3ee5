import { Composer, Lexer, LineCounter, Parser } from "yaml";
import type { Document, ParsedNode } from "yaml";

/** A piece of the text: where it starts, counted in characters from 0, and how long it is. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Something wrong with the text itself. */
interface TextFault extends Span {
  readonly message: string;
}

/** A text split into YAML documents; `fault` says why it was not even tried. */
export interface YamlText {
  readonly documents: readonly Document.Parsed<ParsedNode>[];
  readonly lines: LineCounter;
  readonly fault: TextFault | null;
}

const specBytesMax = 256 * 1024;
const nestingMax = 64;
const tokensMax = 50_000;

/**
 * Reads YAML 1.2 (and so JSON) without ever throwing. Depth and number of tokens are bounded before the recursive
 * part of the parser runs: it would exhaust the stack, which ends the whole process.
 */
export function readYaml(text: string): YamlText {
  const fault = faultOfText(text);
  const lines = linesOf(text);
  if (fault !== null) return { documents: [], lines, fault };
  const parser = new Parser();
  const tokens = [];
  let tokenCount = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    tokenCount += 1;
    if (parser.stack.length > nestingMax || tokenCount > tokensMax) {
      const message =
        tokenCount > tokensMax
          ? "this file is far too complex for a spec; it was not read beyond this place"
          : `nested more than ${nestingMax} levels deep; no spec needs that`;
      return { documents: [], lines, fault: { offset, length: 1, message } };
    }
    offset = parser.offset;
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
  });
  return { documents: [...composer.compose(tokens)], lines, fault: null };
}

function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", end + 1)) lines.addNewLine(end + 1);
  return lines;
}

function faultOfText(text: string): TextFault | null {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > specBytesMax) {
    const message = `the file has ${Math.ceil(bytes / 1024)} KiB; a spec may have at most ${specBytesMax / 1024} KiB`;
    return { offset: 0, length: 0, message };
  }
  const undecodable = text.indexOf("\uFFFD");
  if (undecodable !== -1) {
    return { offset: undecodable, length: 1, message: "the file is not valid UTF-8 here; save it as UTF-8" };
  }
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  const control = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F]/.exec(text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(2, "0").toUpperCase();
    const name = code === "00" ? "a NUL byte" : `a control character (U+00${code})`;
    return { offset: control.index, length: 1, message: `${name} stands in the text; is this a text file?` };
  }
  return null;
}
