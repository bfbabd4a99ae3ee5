import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import type { ContainerSpecSpec, ContainerStatus } from "../../api/container.ts";
import { workspaceOf } from "../../api/workspace.ts";
import { ConflictError, NotFoundError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { jupyterIn, publishedAt } from "../open/jupyter.ts";
import { vscodeFolder } from "../open/vscode.ts";
import { alignRows } from "../print/columns.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** Enough to hold the start of a server. */
const logLines = 5000;

interface Opened {
  readonly target: { readonly namespace: string; readonly name: string };
  readonly spec: ContainerSpecSpec;
  readonly container: NonNullable<ContainerStatus["container"]>;
  /** What others call this machine. */
  readonly server: string;
}

/** `ds01 open` */
export const open = defineCommand({
  usage: ["jupyter NAME", "vscode NAME"],
  description: [
    "Prints how to connect to what runs in a container. `jupyter`: the address with its token, which the server has written into its log, and the ssh line that makes it reachable from your own machine. `vscode`: the address that VS Code opens, attached to the container by way of SSH, and the command that opens it.",
  ],
  options: {
    namespace: namespaceOption,
    server: { value: "HOST", summary: "how your own machine calls this server (default: its host name)" },
  },
  examples: [
    ["ds01 open jupyter notebook", "the address of the notebook"],
    ["ds01 open vscode dev", "work in the container with VS Code"],
  ],
  async run({ options, positionals }, context) {
    const [what, word, ...more] = positionals;
    const opener = what === "jupyter" ? openJupyter : what === "vscode" ? openVscode : undefined;
    if (opener === undefined || more.length > 0) {
      throw new UsageError("say what to open: ds01 open jupyter NAME, or ds01 open vscode NAME");
    }
    const target = parseContainer(word, () => namespaceOf(options.namespace, context));
    const { spec, status } = await context.client.get(kindOf("ContainerSpec"), target);
    const { container, phase } = status as ContainerStatus;
    if (container === undefined || phase !== "Running") {
      throw new ConflictError({
        reason: "NotRunning",
        message: `${target.name} does not run (${phase})`,
        remedy: `See: ds01 why ${target.name}`,
      });
    }
    const server = options.server ?? hostname();
    context.print(await opener({ target, spec: spec as ContainerSpecSpec, container, server }, context));
    return exitCodes.done;
  },
});

async function openJupyter({ target, spec, server }: Opened, context: Context): Promise<string> {
  // Only who may read the log gets the token.
  const { stream } = await context.client.logs(target, { tail: logLines });
  const log = await text(stream);
  const found = jupyterIn(log);
  if (found === null) {
    throw new NotFoundError({
      reason: "NoJupyter",
      message: `the log of ${target.name} names no Jupyter address with a token`,
      remedy: `It may still be starting, or have a password: ds01 logs ${target.name}`,
    });
  }
  const published = publishedAt(spec, found.port);
  const at = published ?? `127.0.0.1:${found.port}`;
  const port = at.slice(at.lastIndexOf(":") + 1);
  if (published === null) {
    context.tell(
      `Port ${found.port} is not published; leave this running on the server: ds01 port-forward ${target.name} ${found.port}`,
    );
  }
  return alignRows([
    ["URL:", `http://127.0.0.1:${port}${found.path}`],
    ["SSH:", `ssh -N -L ${port}:${at} ${context.environment["USER"] ?? target.namespace}@${server}`],
  ]);
}

async function openVscode({ spec, container, server }: Opened, context: Context): Promise<string> {
  const folder = vscodeFolder(container.name, server, workspaceOf(spec) ?? "/");
  context.tell(
    `VS Code needs the extensions Remote - SSH and Dev Containers, and you the right to use Docker on ${server}.`,
  );
  return Promise.resolve(
    alignRows([
      ["URI:", folder],
      ["Run:", `code --folder-uri '${folder}'`],
    ]),
  );
}
