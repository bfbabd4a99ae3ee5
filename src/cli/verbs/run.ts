import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, posix } from "node:path";
import type { ContainerSpecSpec } from "../../api/container.ts";
import { workspaceOf } from "../../api/workspace.ts";
import { writeRemoteFile } from "../copy/copy-in.ts";
import { defineCommand } from "../command.ts";
import { interpreterOf } from "../interpreter.ts";
import type { Interpreter } from "../interpreter.ts";
import { passThrough } from "../pass-through.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { unreadable } from "../spec-files.ts";
import { kindOf, parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 run` */
export const run = defineCommand({
  usage: ["FILE NAME [-- ARGUMENT...]"],
  description: [
    "Copies a file into the workspace of a container and runs it there, as the container's user. What runs it says its first line (`#!`), else its suffix: .py, .sh, .R, .jl, .js, .pl, .rb, .lua. A file of that name in the workspace is replaced.",
    "Ends with the exit code of the program.",
  ],
  options: {
    namespace: namespaceOption,
    stdin: { short: "i", summary: "pass standard input on" },
    tty: { short: "t", summary: "give the program a terminal" },
  },
  examples: [["ds01 run train.py work -- --epochs 3", "run it in the container work"]],
  async run({ options, positionals, rest = [] }, context) {
    const [file, word, ...more] = positionals;
    if (file === undefined || word === undefined || more.length > 0) {
      throw new UsageError("say what to run and where: ds01 run FILE NAME [-- ARGUMENT...]");
    }
    const { client } = context;
    const name = basename(file);
    const interpreter = interpreterOf(name, await beginningOf(file));
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const { spec } = await client.get(kindOf("ContainerSpec"), target);
    const workspace = workspaceOf(spec as ContainerSpecSpec) ?? ".";
    await writeRemoteFile(file, { client, target }, posix.join(workspace, name).replace(/^-/, "./-"));
    const tty = options.tty && context.stdin.isTTY === true;
    const command = ["sh", "-c", runScript, "sh", workspace, ...wordsOf(interpreter), `./${name}`, ...rest];
    const remote = await client.exec(target, { command, stdin: options.stdin, tty });
    return passThrough(remote, { stdin: options.stdin, tty }, context);
  },
});

/** In directory $1, runs the rest with the first of the programs before `--` that is there. */
const runScript = `
cd "$1" || exit 1
shift
found=
while [ "$1" != -- ]; do
  [ -n "$found" ] || ! command -v "$1" >/dev/null 2>&1 || found=$1
  missing="$missing $1"; shift
done
shift
[ -n "$found" ] || [ -z "$missing" ] || { echo "ds01: the container has none of:$missing" >&2; exit 127; }
[ -z "$found" ] || exec "$found" "$@"
exec "$@"`;

function wordsOf(interpreter: Interpreter): readonly string[] {
  return interpreter.by === "suffix" ? [...interpreter.programs, "--"] : ["--", ...interpreter.words];
}

async function beginningOf(file: string): Promise<string> {
  const stats = await stat(file).catch((error: unknown) => unreadable(file, error));
  if (!stats.isFile()) throw new UsageError(`${file} is no file`);
  let text = "";
  const stream = createReadStream(file, { end: 255 });
  try {
    for await (const chunk of stream) text += String(chunk);
  } catch (error) {
    return unreadable(file, error);
  }
  return text;
}
