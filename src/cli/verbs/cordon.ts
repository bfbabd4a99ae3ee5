import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { gpuNames, setSchedulable } from "../schedulable.ts";

/** `ds01 cordon` */
export const cordon = defineCommand({
  usage: ["gpu/SLOT...", "gpu/UUID..."],
  description: [
    "From now on the GPU is given to nobody, also after a restart of the controller; a GPU that is cut into slices takes its slices with it. What runs on it goes on. `ds01 uncordon` ends it. For admins.",
  ],
  options: { reason: { value: "TEXT", summary: "why; shown to everybody" } },
  examples: [
    ["ds01 cordon gpu/1", "GPU 1 is given to nobody"],
    ['ds01 cordon gpu/0:1 --reason "memory test until Friday"', "one slice, and why"],
  ],
  async run({ options, positionals }, context) {
    const { reason } = options;
    const patch = { unschedulable: true, ...(reason === undefined ? {} : { unschedulableReason: reason }) };
    for (const name of gpuNames(positionals)) await setSchedulable(name, patch, context);
    return exitCodes.done;
  },
});
