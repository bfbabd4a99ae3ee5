import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { whyParagraph } from "../print/why.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseOneTarget } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 why` */
export const why = defineCommand({
  usage: ["NAME", "container/NAME"],
  description: [
    "One paragraph: what it needs, what is there and who has it until when, its place, when it starts, and what would help.",
  ],
  options: { namespace: namespaceOption },
  examples: [["ds01 why train", "why yours waits, or what else it does"]],
  async run({ options, positionals }, context) {
    const [word] = positionals;
    if (word === undefined || positionals.length > 1)
      throw new UsageError("why takes one name", "Write: ds01 why NAME");
    const { kind, name } = parseOneTarget(word.includes("/") ? [word] : ["container", word]);
    if (kind !== kindOf("ContainerSpec"))
      throw new UsageError(`why is about containers; found "${word}"`, `Write: ds01 describe ${word}`);
    const namespace = namespaceOf(options.namespace, context);
    const description = await context.client.describe({ namespace, name });
    context.print(`${whyParagraph(description)}\n`);
    return exitCodes.done;
  },
});
