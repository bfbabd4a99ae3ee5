import type { ContainerSpecSpec } from "../../api/container.ts";
import { workspaceOf } from "../../api/workspace.ts";
import { copyIn } from "../copy/copy-in.ts";
import { copyOut } from "../copy/copy-out.ts";
import { parseCopy, pathInContainer } from "../copy/copy-place.ts";
import type { CopyPlace } from "../copy/copy-place.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { RemotePlace } from "../remote-command.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { oneLine } from "../terminal.ts";

/** `ds01 cp` */
export const cp = defineCommand({
  usage: ["FILE|DIR NAME:PATH", "NAME:PATH FILE|DIR"],
  description: [
    "Copies between here and a container that runs, files and whole directories. Into a directory that is there it goes by its own name, otherwise it gets the name that is given. In the container all happens with the rights of its user, whose the files become; relative paths start at its workspace.",
    "The image needs `sh`, and for directories `tar`. Out of a container no file is written outside of the target, whatever the container sends: links that lead outside are left out and named.",
  ],
  options: { namespace: namespaceOption },
  examples: [
    ["ds01 cp data.csv train:/data/", "into the container"],
    ["ds01 cp train:results ./results", "a directory of its workspace, out of it"],
  ],
  async run({ options, positionals }, context) {
    const { from, to } = parseCopy(positionals);
    if (from.at === "container") {
      const { place, path } = await inContainer(from, options.namespace, context);
      await copyOut(place, path, to.path, (name, why) =>
        context.tell(`${oneLine(name)} was left out: ${oneLine(why)}`),
      );
    } else if (to.at === "container") {
      const { place, path } = await inContainer(to, options.namespace, context);
      await copyIn(from.path, place, path, (name) =>
        context.tell(`${oneLine(name)} was left out: it is no file, directory or link`),
      );
    }
    return exitCodes.done;
  },
});

async function inContainer(
  { container, path }: Extract<CopyPlace, { at: "container" }>,
  namespace: string | undefined,
  context: Context,
): Promise<{ readonly place: RemotePlace; readonly path: string }> {
  const { client } = context;
  const target = parseContainer(container, () => namespaceOf(namespace, context));
  const { spec } = await client.get(kindOf("ContainerSpec"), target);
  return { place: { client, target }, path: pathInContainer(path, workspaceOf(spec as ContainerSpecSpec)) };
}
