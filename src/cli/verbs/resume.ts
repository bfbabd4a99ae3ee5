import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";
import { whomOf } from "../whom.ts";

/** `ds01 resume` */
export const resume = defineCommand({
  usage: ["--user NAME", "--all"],
  description: [
    "Ends an emergency stop: from now on the files say again what runs. What was cut off starts again, jobs from their beginning. `--all` ends that of everybody, not those of single users. For admins.",
  ],
  options: {
    user: { value: "NAME", summary: "the emergency stop of this user" },
    all: { summary: "the emergency stop of all users" },
  },
  examples: [
    ["ds01 resume --user alice", "alice's containers run again"],
    ["ds01 resume --all", "everybody's do"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 0)
      throw new UsageError(`name a user with --user; found "${positionals.join(" ")}"`);
    const whom = whomOf(options);
    await context.client.resume(whom);
    context.print(`${whom ?? "everybody"} resumed\n`);
    return exitCodes.done;
  },
});
