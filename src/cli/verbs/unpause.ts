import { defineCommand } from "../command.ts";
import { declareState } from "../declare-state.ts";
import { namespaceOption } from "../selection.ts";

/** `ds01 unpause` */
export const unpause = defineCommand({
  usage: ["NAME..."],
  description: [
    "Writes `desiredState: Running` into the spec file; the processes of a paused container go on where they were.",
  ],
  options: { namespace: namespaceOption },
  examples: [["ds01 unpause train", "it goes on"]],
  run: async ({ options, positionals }, context) =>
    declareState(
      "Running",
      { words: positionals, namespace: options.namespace, unlessStopped: true },
      context,
    ),
});
