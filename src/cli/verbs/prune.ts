import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 prune` */
export const prune = defineCommand({
  usage: ["", "--confirm TOKEN"],
  description: [
    "When many spec files vanish at once, ds01 deletes nothing and asks. Without flags this shows what is held back; `--confirm` lets exactly that set go.",
  ],
  options: { confirm: { value: "TOKEN", summary: "delete the set of this token" } },
  examples: [["ds01 prune --confirm 9ab12cd", "yes, delete them"]],
  async run({ options, positionals }, context) {
    if (positionals.length > 0) throw new UsageError(`prune takes no name; found "${positionals.join(" ")}"`);
    if (options.confirm !== undefined) {
      await context.client.confirmPrune(options.confirm);
      context.print(`prune ${options.confirm} confirmed\n`);
      return exitCodes.done;
    }
    const blocked = await context.client.prunes();
    if (blocked.length === 0) context.tell("Nothing is held back.");
    for (const { token, reason, objects } of blocked) {
      context.print(
        [
          `${token}   ${oneLine(reason)}\n`,
          ...objects.map((object) => `  ${oneLine(object)}\n`),
          `  to delete these: ds01 prune --confirm ${token}\n`,
        ].join(""),
      );
    }
    return exitCodes.done;
  },
});
