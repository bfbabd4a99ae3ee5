import type { ErrorCode, YAMLError } from "yaml";
import type { Span } from "./yaml-text.ts";

const words: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: "a tab is used to indent; YAML allows only spaces here",
  BLOCK_AS_IMPLICIT_KEY:
    'a second ": " on this line, or a field below a value; put a text that contains ": " in quotes',
  MULTILINE_IMPLICIT_KEY:
    'a field name must stand on one line with ":" after it; is a ":" missing, or an indent wrong?',
  BAD_DQ_ESCAPE: "no such escape in double quotes; use single quotes, or write \\\\ for a backslash",
  BAD_DIRECTIVE: 'lines that start with "%" are not supported; remove it',
  TAG_RESOLVE_FAILED: 'tags (words that start with "!") are not supported; write the value without it',
  BAD_PROP_ORDER: "anchors and tags must stand before the value, on its line",
  MULTIPLE_ANCHORS: "two anchors for one value; keep one",
  MULTIPLE_TAGS: "two tags for one value; tags are not supported, remove them",
  ALIAS_PROPS: "an alias cannot have an anchor or a tag of its own",
  BAD_ALIAS: "an anchor or alias without a proper name",
  KEY_OVER_1024_CHARS: "a field name is longer than 1024 characters",
  BLOCK_IN_FLOW:
    "inside [ ] and { } everything must be written with commas and brackets, not with indentation",
  RESOURCE_EXHAUSTION: "nested too deeply",
  BAD_COLLECTION_TYPE: 'tags (words that start with "!") are not supported; write the value without it',
};

/** An error where a person would look for it; `values` are the places where values begin. */
export function yamlProblem(
  error: YAMLError,
  text: string,
  values: readonly number[],
): Span & { readonly message: string } {
  const offset = Math.min(error.pos[0], text.length);
  const plain = { offset, length: error.pos[1] - error.pos[0], message: yamlErrorText(error) };
  if (error.code === "BLOCK_AS_IMPLICIT_KEY") return deeperLine(text, offset) ?? plain;
  if (error.code !== "MISSING_CHAR" || !error.message.includes("quote")) return plain;
  // It is missed at the end of the file, and opened far above.
  const opened = values
    .filter((start) => start < offset && /["']/.test(text.charAt(start)))
    .toSorted(ascending);
  return { ...plain, offset: opened.at(-1) ?? offset, length: 1 };
}

/** The line below a value that ends its own line: a field that is indented too far; undefined where none is. */
function deeperLine(text: string, valueStart: number): (Span & { readonly message: string }) | undefined {
  const [rest = ""] = text.slice(valueStart).split("\n", 1);
  if (/:(?:\s|$)/.test(rest.replace(/\s#.*$/, "").trimEnd())) return undefined;
  const below = /^(?:[ \t]*(?:#[^\n]*)?\n)*( +)([^\s:]+)/.exec(text.slice(valueStart + rest.length + 1));
  if (below === null) return undefined;
  const [whole, , word = ""] = below;
  const offset = valueStart + rest.length + 1 + whole.length - word.length;
  const message =
    "is indented further than the field above, so it is read as part of that value; fields of one map start in the same column";
  return { offset, length: word.length, message: `this line ${message}` };
}

function ascending(one: number, other: number): number {
  return one - other;
}

/** What is wrong with the text, in words for someone who does not know YAML's grammar; never quotes values. */
function yamlErrorText(error: YAMLError): string {
  if (error.code === "BAD_INDENT") {
    return error.message.startsWith("Flow")
      ? "a [ or { above is not closed, or its end is not indented"
      : "the indentation does not match the lines above; fields of one map start in the same column";
  }
  if (error.code === "MISSING_CHAR") return missingCharacter(error.message);
  if (error.code === "BAD_SCALAR_START") {
    return "a value cannot start with this character; put the value in quotes";
  }
  return words[error.code] ?? "this does not fit here; check the indentation, quotes and brackets around it";
}

function missingCharacter(message: string): string {
  if (message.includes("quote")) return "a quote is opened and never closed";
  if (message.startsWith("Flow")) return "a bracket is opened and never closed";
  if (message.startsWith("Comments")) return 'a comment needs a space before "#"';
  if (message.includes("-start") || message.includes("directives-end")) {
    return '"---" between documents must stand alone on its line';
  }
  if (message.includes(",")) return 'a "," is missing between two items';
  return 'a ":" (with a space after it) or a "- " is missing, or the indentation is wrong';
}
