import type { HealthLine } from "../../client/answers.ts";
import { DeniedError, Ds01Error, UnreachableError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { localChecks } from "../local-checks.ts";
import { packageVersion } from "../package-version.ts";
import { renderHealth } from "../print/health.ts";

/** `ds01 doctor` */
export const doctor = defineCommand({
  usage: [""],
  description: [
    "Asks the controller what is in order and what is not; when it does not answer, looks for the cause on this machine. Every failing line says what to do. Ends with 0 when all is well, 1 when something fails, 69 when the controller does not answer.",
  ],
  options: {},
  examples: [["ds01 doctor", "what is wrong?"]],
  async run(_invocation, context) {
    try {
      const lines = [await checkController(context), ...(await context.client.health())];
      context.print(renderHealth(lines, context.paint));
      return lines.every((line) => line.ok) ? exitCodes.done : exitCodes.failed;
    } catch (error) {
      if (!(error instanceof UnreachableError || error instanceof DeniedError)) throw error;
      const lines = [unanswered(error), ...(await localChecks(context.environment))];
      context.print(renderHealth(lines, context.paint));
      return exitCodes.unreachable;
    }
  },
});

async function checkController(context: Context): Promise<HealthLine> {
  const [server, client] = await Promise.all([context.client.version(), packageVersion()]);
  const same = server.ds01Version === client;
  return {
    name: "Controller",
    ok: same,
    message: `answers at ${context.client.socketPath}, version ${server.ds01Version}${same ? "" : `; this ds01 is ${client}`}`,
    remedy: same ? null : "Restart the controller after an upgrade: systemctl restart ds01-controller.",
  };
}

function unanswered(error: Ds01Error): HealthLine {
  return { name: "Controller", ok: false, message: error.message, remedy: error.remedy ?? null };
}
