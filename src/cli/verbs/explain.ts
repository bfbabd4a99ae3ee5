import { explain as explainWords } from "../../api/explain.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 explain` */
export const explain = defineCommand({
  usage: ["KIND[.field.path]"],
  description: [
    "Type, meaning, allowed values, default and an example of each field, as the specs are checked.",
  ],
  options: { recursive: { summary: "all fields below, as a tree" } },
  examples: [
    ["ds01 explain container.spec.gpus", "how to ask for GPUs"],
    ["ds01 explain quota --recursive", "every field of a quota"],
  ],
  run({ options, positionals }, context) {
    const [words, ...more] = positionals;
    if (words === undefined || more.length > 0)
      throw new UsageError("name one kind or field: KIND[.field.path]");
    context.print(explainWords(words, { recursive: options.recursive }));
    return Promise.resolve(exitCodes.done);
  },
});
