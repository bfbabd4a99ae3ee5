import type { Problem } from "../../api/problem.ts";

/** What was found in one file; a file without problems is right. */
export interface FileFindings {
  readonly path: string;
  readonly problems: readonly Problem[];
}

/** Findings as commands of GitHub's log, one a line, which it shows beside the lines of a pull request. */
export function githubAnnotations(files: readonly FileFindings[]): string {
  return files
    .flatMap(({ problems }) => problems)
    .map(({ file, position, length, field, message }) => {
      const place =
        position === null
          ? ""
          : `,line=${position.line},col=${position.column},endColumn=${position.column + Math.max(1, length)}`;
      const title = field === "" ? "" : `,title=${commandProperty(field)}`;
      return `::error file=${commandProperty(file)}${place}${title}::${commandData(message)}\n`;
    })
    .join("");
}

/** Source: escapeData of the toolkit of GitHub Actions. */
function commandData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function commandProperty(text: string): string {
  return commandData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Findings as SARIF 2.1.0, what code scanning and editors read. */
export function sarifLog(files: readonly FileFindings[], version: string): object {
  const results = files
    .flatMap(({ problems }) => problems)
    .map(({ file, position, length, field, message }) => ({
      ruleId: "spec",
      level: "error",
      message: { text: field === "" ? message : `${field}: ${message}` },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: encodeURI(file) },
            ...(position === null
              ? {}
              : {
                  region: {
                    startLine: position.line,
                    startColumn: position.column,
                    endColumn: position.column + Math.max(1, length),
                  },
                }),
          },
        },
      ],
    }));
  const rule = { id: "spec", shortDescription: { text: "A spec must be one that the controller accepts." } };
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      { tool: { driver: { name: "ds01", version, rules: [rule] } }, columnKind: "utf16CodeUnits", results },
    ],
  };
}

/** Findings as a comment below a pull request. */
export function validationMarkdown(files: readonly FileFindings[], summary: string): string {
  const rows = files
    .flatMap(({ problems }) => problems)
    .map(({ file, position, field, message }) => {
      const place = position === null ? file : `${file}:${position.line}:${position.column}`;
      return `| ${markdownCode(place)} | ${field === "" ? "" : markdownCode(field)} | ${markdownCell(message)} |\n`;
    });
  if (rows.length === 0) return `**ds01 validate**: ${summary}`;
  return `**ds01 validate**: ${summary}\n| where | field | what is wrong |\n|---|---|---|\n${rows.join("")}`;
}

/** Text in a cell of a table: nothing in it is markup. */
export function markdownCell(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>#|~!]/g, String.raw`\$&`)
    .replace(/@/g, "@\u200B")
    .replace(/\s+/g, " ")
    .trim();
}

/** The same as code: a backtick would end it, and a bar the cell. */
export function markdownCode(text: string): string {
  return `\`${text.replace(/[`|]/g, "'").replace(/\s+/g, " ")}\``;
}
