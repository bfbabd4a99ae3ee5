import { commonOptions } from "../../src/cli/command.ts";
import type { Command, Options } from "../../src/cli/command.ts";
import { exitCodeMeanings } from "../../src/cli/exit-codes.ts";
import { optionName } from "../../src/cli/help.ts";
import { verbs } from "../../src/cli/verb-list.ts";
import type { Verb } from "../../src/cli/verb.ts";

/** The text of docs/cli.md, from the verbs' own data. */
export async function renderCliDocs(): Promise<string> {
  const sections: string[] = [];
  for (const group of new Set(verbs.map((verb) => verb.group))) {
    sections.push(`## ${group}\n\n`);
    for (const verb of verbs.filter((each) => each.group === group)) {
      sections.push(verbSection(verb, await verb.load()));
    }
  }

  return `# The command line

Generated from the verbs in \`src/cli/verbs\` (\`npx tsx test/tools/generate-cli-docs.ts\`); \`ds01 VERB --help\` says the same.

\`\`\`text
ds01 VERB [ARGUMENTS] [FLAGS]
\`\`\`

Flags may stand anywhere; \`-o json\`, \`-ojson\` and \`--output=json\` mean the same. Objects are named \`KIND NAME\` or \`KIND/NAME\`, as with kubectl. The namespace is your user name (under sudo: the user who called it) unless \`-n\` or \`DS01_NAMESPACE\` says otherwise. The answer goes to standard output, everything else to standard error; colours only on a terminal and never with \`NO_COLOR\`.

Every verb also knows:

${optionTable(commonOptions)}| exit code | meaning |
|---|---|
${exitCodeMeanings.map(([code, meaning]) => `| ${code} | ${meaning} |\n`).join("")}
\`exec\`, \`shell\`, \`attach\` and \`run\` end with the exit code of their process, \`diff\` with 1 when there are differences.

${sections.join("").trimEnd()}
`;
}

function optionTable(options: Options): string {
  const rows = Object.entries(options).map(
    ([name, option]) => `| \`${optionName(name, option).trim()}\` | ${cell(option.summary)} |\n`,
  );
  return rows.length === 0 ? "" : `| flag | meaning |\n|---|---|\n${rows.join("")}\n`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function verbSection(verb: Verb, command: Command): string {
  return [
    `### ${verb.name}\n\n${verb.summary}.\n\n`,
    `\`\`\`text\n${command.usage.map((usage) => `ds01 ${verb.name} ${usage}`.trimEnd()).join("\n")}\n\`\`\`\n\n`,
    ...command.description.map((text) => `${text}\n\n`),
    optionTable(command.options),
    ...(command.examples.length === 0 ? [] : [`\`\`\`sh\n${exampleLines(command)}\`\`\`\n\n`]),
  ].join("");
}

function exampleLines({ examples }: Command): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return examples.map(([line, what]) => `${line.padEnd(width)}   # ${what}\n`).join("");
}
