import { defineCommand } from "../command.ts";
import { declareState } from "../declare-state.ts";
import { namespaceOption } from "../selection.ts";

/** `ds01 stop` */
export const stop = defineCommand({
  usage: ["NAME..."],
  description: [
    "Writes `desiredState: Stopped` into the spec file; the container is stopped after its grace period. Its GPU is kept for `holdGpuAfterStop`, the container for `removeAfterStop`.",
  ],
  options: { namespace: namespaceOption },
  examples: [["ds01 stop train", "it stops, and stays stopped"]],
  run: async ({ options, positionals }, context) =>
    declareState("Stopped", { words: positionals, namespace: options.namespace }, context),
});
