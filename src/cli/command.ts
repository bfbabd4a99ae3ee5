import type { Context } from "./context.ts";

/** One flag of a verb; without `value` it is a switch. */
export interface OptionDefinition {
  readonly short?: string;
  /** Placeholder of the value in the help text, such as `NS`. */
  readonly value?: string;
  /** May be given several times; the values come as a list. */
  readonly multiple?: boolean;
  readonly summary: string;
}

export type Options = Readonly<Record<string, OptionDefinition>>;

type OptionValue<Option extends OptionDefinition> = Option extends { readonly value: string }
  ? Option extends { readonly multiple: true }
    ? readonly string[]
    : string | undefined
  : boolean;

/** What a person wrote after the verb. */
export interface Invocation<Declared extends Options = Options> {
  readonly options: { readonly [Name in keyof Declared]: OptionValue<Declared[Name]> };
  readonly positionals: readonly string[];
  /** Everything after `--`; undefined when there was none. */
  readonly rest: readonly string[] | undefined;
}

/** A verb as data: the parser, the help text and docs/cli.md are all made from it. */
export interface CommandData<Declared extends Options> {
  /** What stands after `ds01 VERB`, one way a line. */
  readonly usage: readonly string[];
  /** Paragraphs of the help text below the summary. */
  readonly description: readonly string[];
  readonly options: Declared;
  readonly examples: readonly (readonly [commandLine: string, what: string])[];
  /** Returns the exit code; throws typed errors, which become a message and an exit code. */
  run(invocation: Invocation<Declared>, context: Context): Promise<number>;
}

/** A verb with its declared options forgotten, as the registry holds it. */
export interface Command {
  readonly usage: readonly string[];
  readonly description: readonly string[];
  readonly options: Options;
  readonly examples: readonly (readonly [commandLine: string, what: string])[];
  run(invocation: Invocation, context: Context): Promise<number>;
}

/** Ties the type of `options` in `run` to the options declared beside it. */
export function defineCommand<const Declared extends Options>(data: CommandData<Declared>): Command {
  return {
    ...data,
    // The parser fills exactly the declared options, each with its declared kind of value.
    run: (invocation, context) => data.run(invocation as Invocation<Declared>, context),
  };
}

/** Flags that every verb understands. */
export const commonOptions = {
  socket: { value: "PATH", summary: "API socket of the controller (DS01_SOCKET)" },
  help: { short: "h", summary: "this text" },
} as const satisfies Options;
