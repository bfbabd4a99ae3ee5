import type { ContainerSpecSpec } from "../../api/container.ts";
import { workspaceOf } from "../../api/workspace.ts";
import { defineCommand } from "../command.ts";
import { passThrough } from "../pass-through.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 shell` */
export const shell = defineCommand({
  usage: ["NAME"],
  description: [
    "A shell in the container: bash, else sh, as the user that the container runs as, in its workspace (`workingDir`, else a mount at /workspace, else the image's directory). Without a terminal it reads commands from standard input.",
    "Ends with the exit code of the shell.",
  ],
  options: { namespace: namespaceOption },
  examples: [
    ["ds01 shell train", "work in the container"],
    ["ds01 shell train <steps.sh", "run commands from a file"],
  ],
  async run({ options, positionals, rest }, context) {
    const [word, ...more] = positionals;
    if (more.length > 0 || rest !== undefined) {
      throw new UsageError("shell takes one container; to run a command: ds01 exec NAME -- COMMAND");
    }
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const { spec } = await context.client.get(kindOf("ContainerSpec"), target);
    const workspace = workspaceOf(spec as ContainerSpecSpec);
    const tty = context.stdin.isTTY === true;
    const command = ["sh", "-c", shellScript, "sh", workspace ?? "", context.environment["TERM"] ?? ""];
    const remote = await context.client.exec(target, { command, stdin: true, tty });
    return passThrough(remote, { stdin: true, tty }, context);
  },
});

/** A shell in directory $1 for a terminal of kind $2. A workspace that is not there keeps nobody out. */
const shellScript = [
  '[ -z "$1" ] || cd "$1" || echo "ds01: starting in $(pwd)" >&2',
  '[ -z "$2" ] || export TERM="$2"',
  "command -v bash >/dev/null 2>&1 && exec bash",
  "exec sh",
].join("\n");
