import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { parseSource } from "../source-target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 suspend` */
export const suspend = defineCommand({
  usage: ["source NAME", "source NAME --reason TEXT"],
  description: [
    "Leaves a Git source as it is: no newer revision of it is looked for or taken, also after a restart of the controller, until `ds01 resume source NAME`. What it declares goes on. `ds01 get sources` shows it to everybody. For admins.",
  ],
  options: {
    reason: { value: "TEXT", summary: "why; shown to everybody" },
  },
  examples: [['ds01 suspend source lab --reason "the server moves"', "what runs stays, whatever is pushed"]],
  async run({ options, positionals }, context) {
    const name = parseSource(positionals);
    if (options.reason?.trim() === "")
      throw new UsageError('--reason needs a text, such as "the server moves"');
    await context.client.suspendSource(name, options.reason ?? null);
    context.print(`source/${name} suspended\n`);
    context.tell(`Nothing newer of it is taken until: ds01 resume source ${name}`);
    return exitCodes.done;
  },
});
