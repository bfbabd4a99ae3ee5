import { defineCommand } from "../command.ts";
import { declareState } from "../declare-state.ts";
import { overrideStop } from "../override-stop.ts";
import { branchOption, namespaceOption } from "../selection.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 stop` */
export const stop = defineCommand({
  usage: ["NAME... [--branch BRANCH]", "NAME... --override DURATION [--reason TEXT]"],
  description: [
    "Writes `desiredState: Stopped` into the spec file; the container is stopped after its grace period. Its GPU is kept for `holdGpuAfterStop`, the container for `removeAfterStop`.",
    "`--override` is for what comes from Git: it is stopped for so long (1m to 24h) whatever Git says, also over restarts of the controller, and shown so to everybody. It ends by itself, or by `ds01 start NAME`; the files stay as they are.",
    "`--branch` pushes the change to a branch of the repository for review instead.",
  ],
  options: {
    namespace: namespaceOption,
    branch: branchOption,
    override: { value: "DURATION", summary: "for so long, whatever Git says (1m to 24h)" },
    reason: { value: "TEXT", summary: "why it is overridden; shown to everybody" },
  },
  examples: [
    ["ds01 stop train", "it stops, and stays stopped"],
    ["ds01 stop train --branch ds01/alice-train", "it stops once that is merged"],
    ['ds01 stop train --override 2h --reason "a talk"', "it stops, and runs again in two hours"],
  ],
  async run({ options, positionals }, context) {
    const { namespace, override, reason, branch } = options;
    if (branch !== undefined) {
      if (override !== undefined || reason !== undefined)
        throw new UsageError("give either --branch or --override");
      const { pushState } = await import("../review/push-to-branch.ts");
      return pushState("Stopped", { words: positionals, namespace }, branch, context);
    }
    if (override !== undefined)
      return overrideStop({ words: positionals, namespace, duration: override, reason }, context);
    if (reason !== undefined) throw new UsageError("--reason is for --override");
    return declareState("Stopped", { words: positionals, namespace }, context);
  },
});
