import { defineCommand } from "../command.ts";
import { UsageError } from "../usage-error.ts";
import { showUse, topOptions } from "./top.ts";

/** `ds01 stats` */
export const stats = defineCommand({
  usage: ["[-n NS] [-A]"],
  description: ["The same as `ds01 top containers`, under the name that Docker has for it."],
  options: { ...topOptions, "no-stream": { summary: "print one table and end, as --once" } },
  examples: [
    ["ds01 stats", "watch your containers"],
    ["ds01 stats -A --no-stream", "all that you may see, once"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 0) {
      throw new UsageError(`stats shows all containers of a namespace; found "${positionals.join(" ")}"`);
    }
    const { "no-stream": isOnce, ...others } = options;
    const once = others.once || isOnce;
    return await showUse(["containers"], { ...others, once }, context);
  },
});
