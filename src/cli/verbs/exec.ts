import { defineCommand } from "../command.ts";
import { passThrough } from "../pass-through.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 exec` */
export const exec = defineCommand({
  usage: ["[-i] [-t] NAME -- COMMAND [ARGUMENT...]"],
  description: ["Ends with the exit code of the command."],
  options: {
    namespace: namespaceOption,
    stdin: { short: "i", summary: "pass standard input on" },
    tty: { short: "t", summary: "give the command a terminal" },
  },
  examples: [
    ["ds01 exec -it train -- bash", "a shell in the container"],
    ["ds01 exec train -- nvidia-smi", "one command"],
  ],
  async run({ options, positionals, rest }, context) {
    const [word, ...more] = positionals;
    const command = rest ?? [];
    if (more.length > 0 || command.length === 0) {
      throw new UsageError("write the command after --, as in: ds01 exec train -- nvidia-smi");
    }
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const tty = options.tty && context.stdin.isTTY === true;
    if (options.tty && !tty) context.tell("Standard input is no terminal; going on without -t.");
    const remote = await context.client.exec(target, { command, stdin: options.stdin, tty });
    return passThrough(remote, { stdin: options.stdin, tty }, context);
  },
});
