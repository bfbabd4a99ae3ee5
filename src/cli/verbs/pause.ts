import { defineCommand } from "../command.ts";
import { declareState } from "../declare-state.ts";
import { namespaceOption } from "../selection.ts";

/** `ds01 pause` */
export const pause = defineCommand({
  usage: ["NAME..."],
  description: [
    "Writes `desiredState: Paused` into the spec file; ds01 then freezes the processes of the container. It keeps its GPU and all memory, also that of the GPU, and its time runs on towards `maxRuntime`: to give the GPU to others, `ds01 stop` it. A change of the spec takes effect when it goes on.",
  ],
  options: { namespace: namespaceOption },
  examples: [["ds01 pause train", "it holds still"]],
  run: async ({ options, positionals }, context) =>
    declareState(
      "Paused",
      { words: positionals, namespace: options.namespace, unlessStopped: true },
      context,
    ),
});
