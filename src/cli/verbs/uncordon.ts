import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { gpuNames, setSchedulable } from "../schedulable.ts";

/** `ds01 uncordon` */
export const uncordon = defineCommand({
  usage: ["gpu/SLOT...", "gpu/UUID..."],
  description: [
    "Ends `ds01 cordon`: the GPU may be handed out again, as soon as nothing else keeps it back. For admins.",
  ],
  options: {},
  examples: [["ds01 uncordon gpu/1", "GPU 1 may be handed out again"]],
  async run({ positionals }, context) {
    for (const name of gpuNames(positionals)) {
      const { metadata, status } = await setSchedulable(name, { unschedulable: false }, context);
      // Its slot may still be covered by the cordon of its GPU, or it may be sick.
      const state = status?.state;
      if (state !== "Cordoned" && state !== "Unhealthy") continue;
      context.tell(`gpu/${metadata.name} is still kept back: ${status?.reason ?? "for a reason not known"}`);
    }
    return exitCodes.done;
  },
});
