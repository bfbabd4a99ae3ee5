import type { ContainerSpecSpec, ContainerStatus } from "../../api/container.ts";
import type { ApiObject } from "../../api/meta.ts";
import { annotations } from "../../api/names.ts";
import { ConflictError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseContainer } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 restart` */
export const restart = defineCommand({
  usage: ["NAME..."],
  description: [
    `Writes the time into the annotation \`${annotations.restartedAt}\` of the spec file; ds01 then stops the container with its grace period and starts it again, with the same GPU. A container that crashed and waits for its next start is started at once. Time that it has run counts on towards \`maxRuntime\`.`,
  ],
  options: { namespace: namespaceOption },
  examples: [["ds01 restart train", "stop it, and start it again"]],
  async run({ options, positionals }, context) {
    if (positionals.length === 0) throw new UsageError("name a container");
    const kind = kindOf("ContainerSpec");
    for (const word of positionals) {
      const target = parseContainer(word, () => namespaceOf(options.namespace, context));
      refuseEnded(await context.client.get(kind, target));
      const restartedAt = new Date().toISOString();
      const metadata = { annotations: { [annotations.restartedAt]: restartedAt } };
      await context.client.patch(kind, target, { metadata });
      context.print(`container/${target.name} restarting\n`);
    }
    return exitCodes.done;
  },
});

/** What has ended for good needs more than a restart. */
function refuseEnded({ metadata, spec, status }: ApiObject): void {
  const { name } = metadata;
  if ((spec as ContainerSpecSpec | undefined)?.desiredState === "Stopped") {
    throw new ConflictError({
      reason: "DeclaredStopped",
      message: `${name} is declared to be stopped (desiredState: Stopped)`,
      remedy: `Start it: ds01 start ${name}`,
    });
  }
  if ((spec as ContainerSpecSpec | undefined)?.desiredState === "Paused") {
    throw new ConflictError({
      reason: "DeclaredPaused",
      message: `${name} is declared to be paused (desiredState: Paused)`,
      remedy: `Have it go on: ds01 unpause ${name}`,
    });
  }
  const phase = (status as ContainerStatus | undefined)?.phase;
  if (phase !== "Completed" && phase !== "Failed") return;
  throw new ConflictError({
    reason: "RunEnded",
    message: `${name} has ended (${phase})`,
    remedy: `Run it again: ds01 stop ${name}, then ds01 start ${name}`,
  });
}
