import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { parseSource } from "../source-target.ts";
import { UsageError } from "../usage-error.ts";
import { whomOf } from "../whom.ts";

/** `ds01 resume` */
export const resume = defineCommand({
  usage: ["--user NAME", "--all", "source NAME"],
  description: [
    "Ends an emergency stop: from now on the files say again what runs. What was cut off starts again, jobs from their beginning. `--all` ends that of everybody, not those of single users. For admins.",
    "With the name of a source it ends what `ds01 suspend` has begun: the newest revision is looked for at once.",
  ],
  options: {
    user: { value: "NAME", summary: "the emergency stop of this user" },
    all: { summary: "the emergency stop of all users" },
  },
  examples: [
    ["ds01 resume --user alice", "alice's containers run again"],
    ["ds01 resume --all", "everybody's do"],
    ["ds01 resume source lab", "what is pushed counts again"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 0) {
      if (options.user !== undefined || options.all)
        throw new UsageError("a source is named without --user and --all");
      const name = parseSource(positionals);
      await context.client.resumeSource(name);
      context.print(`source/${name} resumed\n`);
      return exitCodes.done;
    }
    const whom = whomOf(options);
    await context.client.resume(whom);
    context.print(`${whom ?? "everybody"} resumed\n`);
    return exitCodes.done;
  },
});
