import { parseArgs } from "node:util";
import { nearest } from "../util/nearest.ts";
import { commonOptions } from "./command.ts";
import type { Invocation, OptionDefinition, Options } from "./command.ts";
import { UsageError } from "./usage-error.ts";

type Value = string | boolean | string[] | undefined;
type OptionToken = Extract<
  NonNullable<ReturnType<typeof parseArgs<{ tokens: true; strict: false }>>["tokens"]>[number],
  { kind: "option" }
>;

/** A parsed line with the flags that every verb has set apart. */
export interface ParsedLine {
  readonly invocation: Invocation;
  readonly socket: string | undefined;
  readonly help: boolean;
}

/** Parses what stands after the verb, flags anywhere; throws UsageError that names the nearest right flag. */
export function parseArguments(line: readonly string[], declared: Options): ParsedLine {
  const options: Options = { ...commonOptions, ...declared };
  const { tokens } = parseArgs({
    args: [...line],
    options: Object.fromEntries(
      Object.entries(options).map(([name, option]) => [name, parserOption(option)]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, Value> = {};
  for (const [name, option] of Object.entries(options)) values[name] = emptyValue(option);
  const positionals: string[] = [];
  let rest: string[] | undefined;
  for (const token of tokens) {
    if (token.kind === "option-terminator") rest = [];
    else if (token.kind === "positional") (rest ?? positionals).push(token.value);
    else assign(values, token, options);
  }
  const { socket, help, ...own } = values;
  return {
    invocation: { options: own as Invocation["options"], positionals, rest },
    socket: typeof socket === "string" ? socket : undefined,
    help: help === true,
  };
}

function parserOption(option: OptionDefinition): { type: "string" | "boolean"; short?: string } {
  return {
    type: option.value === undefined ? "boolean" : "string",
    ...(option.short === undefined ? {} : { short: option.short }),
  };
}

function emptyValue(option: OptionDefinition): Value {
  if (option.value === undefined) return false;
  return option.multiple === true ? [] : undefined;
}

function assign(values: Record<string, Value>, token: OptionToken, options: Options): void {
  const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
  if (option === undefined) throw unknownOption(token.rawName, options);
  if (option.value === undefined) {
    values[token.name] = switchValue(token);
    return;
  }
  const value = textValue(token, option.value);
  if (option.multiple === true)
    values[token.name] = [...((values[token.name] as string[] | undefined) ?? []), value];
  else values[token.name] = value;
}

function switchValue(token: OptionToken): boolean {
  if (token.value === undefined || token.value === "true") return true;
  if (token.value === "false") return false;
  throw new UsageError(`${token.rawName} is a switch and takes no value; found "${token.value}"`);
}

function textValue(token: OptionToken, placeholder: string): string {
  const flagInstead = token.inlineValue === false && /^-./.test(token.value ?? "");
  if (token.value === undefined || flagInstead) {
    const hint = flagInstead
      ? `; for a value that starts with "-" write ${token.rawName}=${token.value}`
      : "";
    throw new UsageError(`${token.rawName} needs a value (${placeholder})${hint}`);
  }
  // kubectl also accepts `-o=json`, which parseArgs reads as the value "=json".
  const shortWithEquals = token.inlineValue && /^-[^-]/.test(token.rawName) && token.value.startsWith("=");
  return shortWithEquals ? token.value.slice(1) : token.value;
}

function unknownOption(rawName: string, options: Options): UsageError {
  const names = Object.keys(options).map((name) => `--${name}`);
  const meant = rawName.startsWith("--") ? nearest(rawName, names) : undefined;
  return new UsageError(`unknown flag ${rawName}${meant === undefined ? "" : `, did you mean ${meant}?`}`);
}
