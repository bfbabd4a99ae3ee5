import type { ContainerSpecSpec } from "../../api/container.ts";
import { defineCommand } from "../command.ts";
import { passThrough } from "../pass-through.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 attach` */
export const attach = defineCommand({
  usage: ["[-i] [-t] NAME"],
  description: [
    "Shows what the container's own process writes from now on; `ds01 logs` shows what it has written. With -i it gets what is typed, where its spec says `stdin: true`; with -t it is used as a terminal, where it says `tty: true`. From a terminal Ctrl-P Ctrl-Q leaves it running; without -t Ctrl-C does.",
    "Ends with the exit code of the process, or with 0 when it was left running.",
  ],
  options: {
    namespace: namespaceOption,
    stdin: { short: "i", summary: "pass standard input on" },
    tty: { short: "t", summary: "use the terminal of the process" },
  },
  examples: [
    ["ds01 attach train", "watch it"],
    ["ds01 attach -it console", "work in a program that waits for input"],
  ],
  async run({ options, positionals }, context) {
    const [word, ...more] = positionals;
    if (more.length > 0) throw new UsageError(`attach takes one container; found also "${more.join(" ")}"`);
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const { spec } = await context.client.get(kindOf("ContainerSpec"), target);
    const declared = spec as ContainerSpecSpec;
    const stdin = options.stdin && declared.stdin === true;
    if (options.stdin && !stdin) context.tell("Its spec does not say stdin: true; going on without -i.");
    const tty = options.tty && declared.tty === true && context.stdin.isTTY === true;
    if (options.tty && !tty) {
      const lacking =
        declared.tty === true ? "Standard input is no terminal" : "Its spec does not say tty: true";
      context.tell(`${lacking}; going on without -t.`);
    }
    const remote = await context.client.attach(target, { stdin, tty });
    return passThrough(remote, { stdin, tty }, context);
  },
});
