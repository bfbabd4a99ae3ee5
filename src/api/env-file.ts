import { isReservedVariable, variableName } from "./environment.ts";

/** The variables of a file, or why it has none; a complaint names lines, never what stands in them. */
export type ParsedEnvFile =
  | { readonly type: "variables"; readonly variables: ReadonlyMap<string, string> }
  | { readonly type: "invalid"; readonly message: string };

/**
 * Reads what `docker run --env-file` reads: NAME=VALUE a line, blanks before the name left out, comments begin with #,
 * the value is taken as it is (the rules of the file format of the Docker command line). A name without a value is
 * refused, for Docker would take it from the environment of whoever reads the file.
 */
export function parseEnvFile(content: Uint8Array, prefix = ""): ParsedEnvFile {
  const text = decoded(content);
  if (text === null) return { type: "invalid", message: "it is not UTF-8 text" };
  const variables = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    const read = readLine(line.replace(/\r$/, ""), prefix);
    if (read === null) continue;
    if (typeof read === "string") return { type: "invalid", message: `line ${index + 1} ${read}` };
    variables.set(read.name, read.value);
  }
  return { type: "variables", variables };
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** null: nothing stands there; a text says what is wrong. */
function readLine(line: string, prefix: string): Variable | string | null {
  const statement = line.trimStart();
  if (statement === "" || statement.startsWith("#")) return null;
  const end = statement.indexOf("=");
  if (end === -1) {
    return "has no =, and the environment of the controller is nobody's to take from: write NAME=VALUE";
  }
  const name = `${prefix}${statement.slice(0, end)}`;
  if (!variableName.test(name)) {
    return "does not begin with a variable name (letters, digits and _, not starting with a digit) and =";
  }
  if (isReservedVariable(name)) {
    return "sets a variable that ds01 sets from the GPUs the container holds: remove it and ask for GPUs with spec.gpus";
  }
  const value = statement.slice(end + 1);
  return value.includes("\0") ? "has a NUL character in its value" : { name, value };
}

function decoded(content: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    // Its error shows bytes of the content.
    return null;
  }
}
