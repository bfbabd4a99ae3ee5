import { commonOptions } from "./command.ts";
import type { Command, OptionDefinition, Options } from "./command.ts";
import { exitCodeMeanings } from "./exit-codes.ts";
import { verbs } from "./verb-list.ts";
import type { Verb } from "./verb.ts";

/** `ds01 --help`: every verb in one line. */
export function renderOverview(): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length)) + 2;
  const groups = [...new Set(verbs.map((verb) => verb.group))].map((group) => {
    const lines = verbs
      .filter((verb) => verb.group === group)
      .map((verb) => `  ${verb.name.padEnd(width)}${verb.summary}\n`);
    return `${group}:\n${lines.join("")}\n`;
  });
  return [
    "ds01 keeps the containers of a shared GPU server the way YAML files declare them.\n\n",
    "Usage: ds01 VERB [ARGUMENTS] [FLAGS]\n\n",
    ...groups,
    `Exit codes: ${exitCodeMeanings.map(([code, meaning]) => `${code} ${meaning}`).join(", ")}.\n`,
    "ds01 VERB --help says more about one verb.\n",
  ].join("");
}

/** `ds01 VERB --help`. */
export function renderHelp(verb: Verb, command: Command): string {
  return [
    `${verb.summary}.\n\nUsage:\n`,
    ...command.usage.map((usage) => `  ${`ds01 ${verb.name} ${usage}`.trimEnd()}\n`),
    ...command.description.map((paragraph) => `\n${wrap(plainText(paragraph), 92)}\n`),
    `\nFlags:\n${optionLines({ ...command.options, ...commonOptions })}`,
    ...(command.examples.length === 0 ? [] : ["\nExamples:\n"]),
    ...command.examples.map(([line, what]) => `  ${line}\n      ${what}\n`),
  ].join("");
}

function optionLines(options: Options): string {
  const rows = Object.entries(options).map(
    ([name, option]) => [optionName(name, option), option.summary] as const,
  );
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, summary]) => `  ${name.padEnd(width)}${summary}\n`).join("");
}

/** `-n, --namespace NS`. */
export function optionName(name: string, option: OptionDefinition): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `${short}--${name}${option.value === undefined ? "" : ` ${option.value}`}`;
}

/** Descriptions mark code as Markdown does, for docs/cli.md. */
function plainText(markdown: string): string {
  return markdown.replaceAll("`", "");
}

function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
