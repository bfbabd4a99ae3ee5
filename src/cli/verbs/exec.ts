import { pipeline } from "node:stream/promises";
import type { RemoteProcess } from "../../client/exec.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { rawTerminal } from "../raw-terminal.ts";
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
    return attach(remote, { stdin: options.stdin, tty }, context);
  },
});

async function attach(
  remote: RemoteProcess,
  wanted: { readonly stdin: boolean; readonly tty: boolean },
  context: Context,
): Promise<number> {
  const { stdin, stdout, stderr } = context;
  const resize = (): void => remote.resize(stdout.columns ?? 80, stdout.rows ?? 24);
  const giveBack = wanted.tty ? rawTerminal(stdin) : (): void => undefined;
  if (wanted.tty) {
    stdout.on("resize", resize);
    resize();
  }
  if (wanted.stdin) stdin.pipe(remote.stdin);
  try {
    const [exitCode] = await Promise.all([
      remote.exitCode,
      pipeline(remote.stdout, stdout, { end: false }),
      pipeline(remote.stderr, stderr, { end: false }),
    ]);
    return exitCode;
  } finally {
    stdout.off("resize", resize);
    giveBack();
    if (wanted.stdin) {
      stdin.unpipe(remote.stdin);
      // An open standard input would keep this process alive after the command has ended.
      stdin.destroy();
    }
    remote.close();
  }
}
