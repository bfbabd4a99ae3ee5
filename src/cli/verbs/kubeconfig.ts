import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { KubeconfigEntry } from "../../api/kubeconfig.ts";
import { networkAddressOf } from "../../client/network-access.ts";
import { defineCommand } from "../command.ts";
import { defaultNamespace } from "../context.ts";
import type { Context, Environment } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { changeKubeconfig, kubeconfigPath } from "../kubeconfig-file.ts";
import { defaultSocketPath } from "../socket-path.ts";
import { UsageError } from "../usage-error.ts";

type Command = KubeconfigEntry["command"];

/** `ds01 kubeconfig` */
export const kubeconfig = defineCommand({
  usage: ["[--write] [--name NAME]", "--ssh HOST [--port PORT]"],
  description: [
    "Prints a kubeconfig with which kubectl, and whatever else speaks to Kubernetes, reaches this controller as you. It holds no secret: kubectl runs `ds01 kube-token` whenever it needs a token.",
    "With `--write` it goes into the first file of `$KUBECONFIG`, or into `~/.kube/config`, beside what is there, and becomes the current context.",
    "`--ssh` is for another machine, where ds01 need not be installed: its kubectl gets tokens with `ssh HOST ds01 kube-token` and expects the API at a port of its own, which `ssh -N -L PORT:127.0.0.1:6443 HOST` leads here.",
    "An admin opens the API for kubectl with `api.https` in the configuration: [kubectl](kubectl.md).",
  ],
  options: {
    write: { summary: "merge it into the file that kubectl uses" },
    name: { value: "NAME", summary: "of its cluster, user and context (ds01)" },
    ssh: { value: "HOST", summary: "how another machine reaches this one with ssh" },
    port: { value: "PORT", summary: "with --ssh: the port on that machine (16443)" },
  },
  examples: [
    ["ds01 kubeconfig --write && kubectl get containers", "on the machine itself"],
    [
      "ssh gpu1 ds01 kubeconfig --ssh gpu1 --name gpu1 >~/.kube/gpu1",
      "on a laptop; then ssh -N -L 16443:127.0.0.1:6443 gpu1",
    ],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 0)
      throw new UsageError(`kubeconfig takes no argument; found "${positionals[0]}"`);
    if (options.ssh !== undefined && options.write) {
      throw new UsageError("--ssh is for another machine; --write changes a file on this one");
    }
    const { server, certificateAuthority } = await networkAddressOf(context.client.socketPath);
    const entry: KubeconfigEntry = {
      name: options.name ?? "ds01",
      server: options.ssh === undefined ? server : `https://127.0.0.1:${portOf(options.port)}`,
      certificateAuthority,
      namespace: defaultNamespace(context.environment),
      command: options.ssh === undefined ? tokenCommand(context) : ["ssh", options.ssh, "ds01", "kube-token"],
    };
    const { addToKubeconfig } = await import("../../api/kubeconfig.ts");
    if (!options.write) {
      context.print(addToKubeconfig("", entry));
      return exitCodes.done;
    }
    const path = kubeconfigPath(context.environment);
    await changeKubeconfig(path, (text) => addToKubeconfig(text, entry));
    context.tell(`Context "${entry.name}" is in ${path}, and is the current one.`);
    return exitCodes.done;
  },
});

function portOf(text: string | undefined): number {
  const port = Number(text ?? 16_443);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new UsageError(`--port needs a number from 1 to 65535; found "${text}"`);
}

/** What kubectl is to run: `ds01` where it is found by that name, else this very program. */
function tokenCommand({ client, environment }: Context): Command {
  const { DS01_SOCKET: _socket, DS01_RUN_DIR: _runDirectory, ...usual } = environment;
  const isUsual = client.socketPath === defaultSocketPath(usual);
  const parameters = ["kube-token", ...(isUsual ? [] : ["--socket", resolve(client.socketPath)])];
  if (isOnPath("ds01", environment)) return ["ds01", ...parameters];
  return [process.execPath, ...process.argv.slice(1, 2), ...parameters];
}

function isOnPath(program: string, environment: Environment): boolean {
  return (environment["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return directory !== "";
    } catch {
      // Not there, or not to be run: the next one.
      return false;
    }
  });
}
