import { defineCommand } from "../command.ts";
import { declareState } from "../declare-state.ts";
import { namespaceOption } from "../selection.ts";

/** `ds01 start` */
export const start = defineCommand({
  usage: ["NAME..."],
  description: [
    "Writes `desiredState: Running` into the spec file; ds01 then starts the container, with the same GPU while that is still held. What was stopped for idleness runs again, and what was stopped by `ds01 stop --override` as its file says.",
  ],
  options: { namespace: namespaceOption },
  examples: [["ds01 start train", "it runs again"]],
  run: async ({ options, positionals }, context) =>
    declareState("Running", { words: positionals, namespace: options.namespace }, context),
});
