import { UnreachableError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { packageVersion } from "../package-version.ts";

/** `ds01 version` */
export const version = defineCommand({
  usage: [""],
  description: [
    "The controller's version is left out, with a note on standard error, when it does not answer.",
  ],
  options: {},
  examples: [["ds01 version", "client, and controller when it runs"]],
  async run(_invocation, context) {
    context.print(`client:     ${await packageVersion()}\n`);
    try {
      const server = await context.client.version();
      context.print(`controller: ${server.ds01Version} (API like Kubernetes ${server.gitVersion})\n`);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      context.tell(error.message);
    }
    return exitCodes.done;
  },
});
