import type { ContainerSpecSpec } from "../../api/container.ts";
import { workspaceOf } from "../../api/workspace.ts";
import { DeniedError, NotFoundError } from "../../util/errors.ts";
import { confirm } from "../confirm.ts";
import { defineCommand } from "../command.ts";
import { pathInContainer } from "../copy/copy-place.ts";
import { exitCodes } from "../exit-codes.ts";
import { requireSuccess, runScript } from "../remote-command.ts";
import type { RemotePlace } from "../remote-command.ts";
import { mountPoints, scrapRefusal, writtenRefusal } from "../scrap-rules.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { printable } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** Where a path $1 really is: the directory above it with links resolved. Nothing where it is not there. */
const placeScript = `
[ -e "$1" ] || [ -L "$1" ] || exit 0
directory=$(dirname "$1")
cd -P "$directory" && printf '%s/%s' "$(pwd -P)" "$(basename "$1")"`;

const listScript = 'find "$@" | head -n 21';

/** `ds01 scrap` */
export const scrap = defineCommand({
  usage: ["NAME PATH... [--yes]"],
  description: [
    "Removes files and directories inside a container, with the rights of its user. It shows first what is there and asks; without a terminal it needs --yes. Relative paths start at the workspace.",
    "Never removed are `/`, directories of the system, the workspace itself, mounts and what contains one, and anything that is written with `..`. Links are removed, not what they lead to.",
  ],
  options: {
    namespace: namespaceOption,
    yes: { short: "y", summary: "do not ask" },
  },
  examples: [["ds01 scrap train old-results checkpoints/run-3", "remove two directories of the workspace"]],
  async run({ options, positionals }, context) {
    const [word, ...paths] = positionals;
    if (word === undefined || paths.length === 0) {
      throw new UsageError("say where and what: ds01 scrap NAME PATH...");
    }
    if (!options.yes && context.stdin.isTTY !== true) {
      throw new UsageError(
        "standard input is no terminal, so nobody can be asked",
        "To remove without a question: --yes",
      );
    }
    const { client } = context;
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const { spec } = await client.get(kindOf("ContainerSpec"), target);
    const place = { client, target };
    const found = await placesOf(paths, workspaceOf(spec as ContainerSpecSpec), place);
    const listed = await runScript(place, { script: listScript, values: found });
    const lines = printable(listed.stdout).trimEnd().split("\n");
    const more = lines.length > 20 ? "\n... and more" : "";
    if (!options.yes) {
      context.tell(`${lines.slice(0, 20).join("\n")}${more}`);
      if (!(await confirm(`Remove this from ${target.name}?`, context))) {
        context.tell("Nothing was removed.");
        return exitCodes.failed;
      }
    }
    const removed = await runScript(place, { script: 'exec rm -rf -- "$@"', values: found });
    requireSuccess("not everything was removed", removed);
    context.print(found.map((path) => `${printable(path)} removed\n`).join(""));
    return exitCodes.done;
  },
});

/** Where all paths really are; throws before anything is done when one is not there or must not be removed. */
async function placesOf(
  paths: readonly string[],
  workspace: string | null,
  place: RemotePlace,
): Promise<readonly string[]> {
  for (const path of paths) refuse(writtenRefusal(path));
  const mountinfo = await runScript(place, { script: "cat /proc/self/mountinfo", values: [] });
  requireSuccess("the mounts of the container cannot be read", mountinfo);
  const around = { workspace, mounts: mountPoints(mountinfo.stdout) };
  const found: string[] = [];
  for (const path of paths) {
    const looked = await runScript(place, {
      script: placeScript,
      values: [pathInContainer(path.replace(/(?<=.)\/+$/, ""), workspace)],
    });
    requireSuccess(`${path} cannot be looked at`, looked);
    if (looked.stdout === "") {
      throw new NotFoundError({
        reason: "NoSuchFile",
        message: `${path}: there is no such file or directory in the container`,
      });
    }
    const real = looked.stdout.replace(/^\/\//, "/");
    refuse(scrapRefusal(real, around));
    found.push(real);
  }
  return found;
}

function refuse(why: string | null): void {
  if (why === null) return;
  throw new DeniedError({ reason: "ScrapRefused", message: `${why}. Nothing was removed.` });
}
