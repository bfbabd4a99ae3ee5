import { defineCommand } from "../command.ts";
import { declareState } from "../declare-state.ts";
import { branchOption, namespaceOption } from "../selection.ts";

/** `ds01 start` */
export const start = defineCommand({
  usage: ["NAME... [--branch BRANCH]"],
  description: [
    "Writes `desiredState: Running` into the spec file; ds01 then starts the container, with the same GPU while that is still held. What was stopped for idleness runs again, and what was stopped by `ds01 stop --override` as its file says.",
    "With `--branch` the change is pushed to a branch of the repository that it comes from, for review.",
  ],
  options: { namespace: namespaceOption, branch: branchOption },
  examples: [["ds01 start train", "it runs again"]],
  async run({ options: { namespace, branch }, positionals }, context) {
    const request = { words: positionals, namespace };
    if (branch === undefined) return declareState("Running", request, context);
    const { pushState } = await import("../review/push-to-branch.ts");
    return pushState("Running", request, branch, context);
  },
});
