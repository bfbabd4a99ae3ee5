import { requestToken } from "../../client/network-access.ts";
import type { Environment } from "../context.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";

const group = "client.authentication.k8s.io";

/** `ds01 kube-token` */
export const kubeToken = defineCommand({
  usage: [""],
  description: [
    "Prints a short-lived token as an ExecCredential. kubectl runs this by itself, as `ds01 kubeconfig` has told it; the token acts as the user who runs it, and whoever has it can act so until it expires.",
  ],
  options: {},
  examples: [["ds01 kube-token", "what kubectl sends to the controller"]],
  async run(_invocation, context) {
    const status = await requestToken(context.client.socketPath);
    const apiVersion = `${group}/${versionAskedFor(context.environment)}`;
    context.print(`${JSON.stringify({ apiVersion, kind: "ExecCredential", status })}\n`);
    return exitCodes.done;
  },
});

/** Clients say in which version they want the answer; older ones know only v1beta1. */
function versionAskedFor(environment: Environment): string {
  return environment["KUBERNETES_EXEC_INFO"]?.includes(`${group}/v1beta1`) === true ? "v1beta1" : "v1";
}
