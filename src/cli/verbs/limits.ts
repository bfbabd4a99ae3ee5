import type { LimitsAnswer } from "../../api/limits-answer.ts";
import { defineCommand } from "../command.ts";
import { defaultNamespace } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { alignRows } from "../print/columns.ts";
import { renderJson } from "../print/json.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 limits` */
export const limits = defineCommand({
  usage: ["[USER]"],
  description: [
    "Shows what a user may have: every limit in effect, and the file and line that sets it. DEFAULT is what a container gets that does not say, where that is less than the limit.",
    "docker-args prints the limits of a container that says nothing as flags of docker run.",
  ],
  options: { output: { short: "o", value: "FORMAT", summary: "table, json, yaml or docker-args" } },
  examples: [
    ["ds01 limits", "what may I have?"],
    ["ds01 limits bob -o json", "the same about bob, for a script"],
    ["docker run $(ds01 limits -o docker-args) IMAGE", "run something by hand within them"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 1) throw new UsageError("say one user: ds01 limits USER");
    const answer = await context.client.limits(positionals[0] ?? defaultNamespace(context.environment));
    context.print(await rendered(answer, options.output ?? "table"));
    return exitCodes.done;
  },
});

async function rendered(answer: LimitsAnswer, format: string): Promise<string> {
  switch (format) {
    case "table":
      return renderLimits(answer);
    case "json":
      return renderJson(answer);
    case "yaml":
      return (await import("../print/yaml.ts")).renderYaml(answer);
    case "docker-args":
      return answer.dockerArgs.length === 0 ? "" : `${answer.dockerArgs.join(" ")}\n`;
    default:
      throw new UsageError(
        `unknown output format "${format}"; choose one of: table, json, yaml, docker-args`,
      );
  }
}

function renderLimits({ limits: lines }: LimitsAnswer): string {
  const rows = lines.map(({ name, text, default: usual, origin }) =>
    [name, text, usual ?? "", origin].map(oneLine),
  );
  return alignRows([["LIMIT", "VALUE", "DEFAULT", "FROM"], ...rows]);
}
