import { nearest } from "../util/nearest.ts";
import { parseArguments } from "./arguments.ts";
import { createContext } from "./context.ts";
import type { Streams } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { exitCodeOf, failureText } from "./failure.ts";
import { UsageError } from "./usage-error.ts";
import { verbByName, verbs } from "./verb-list.ts";

/** Runs one command line; resolves with the exit code and never rejects. */
export async function runCli(line: readonly string[], streams: Streams): Promise<number> {
  const [word = "help", ...others] = line;
  try {
    if (/^(?:--help|-h|help)$/.test(word)) return await showHelp(others[0], streams);
    if (/^(?:--version|-v)$/.test(word)) return await runVerb("version", others, streams);
    return await runVerb(word, others, streams);
  } catch (error) {
    streams.stderr.write(`${failureText(error)}\n`);
    if (error instanceof UsageError) {
      streams.stderr.write(`See: ds01 ${verbByName(word) === undefined ? "" : `${word} `}--help\n`);
    }
    return exitCodeOf(error);
  }
}

async function runVerb(word: string, line: readonly string[], streams: Streams): Promise<number> {
  const verb = verbByName(word);
  if (verb === undefined) throw unknownVerb(word);
  const command = await verb.load();
  const parsed = parseArguments(line, command.options);
  if (parsed.help) return showHelp(word, streams);
  return command.run(parsed.invocation, createContext(streams, parsed.socket));
}

async function showHelp(word: string | undefined, streams: Streams): Promise<number> {
  const { renderHelp, renderOverview } = await import("./help.ts");
  const verb = word === undefined ? undefined : verbByName(word);
  if (word !== undefined && verb === undefined && !word.startsWith("-")) throw unknownVerb(word);
  streams.stdout.write(verb === undefined ? renderOverview() : renderHelp(verb, await verb.load()));
  return exitCodes.done;
}

function unknownVerb(word: string): UsageError {
  const names = verbs.map((verb) => verb.name);
  const meant = nearest(word, names);
  return new UsageError(
    word.startsWith("-")
      ? `name a verb before its flags; found ${word}`
      : `unknown verb "${word}"${meant === undefined ? "" : `, did you mean "${meant}"?`}`,
    `Verbs: ${names.join(", ")}.`,
  );
}
