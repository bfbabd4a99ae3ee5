import { shortRevision, type SourceObject } from "../../api/source-columns.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { kindOf } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 sync` */
export const sync = defineCommand({
  usage: ["now", "now NAME..."],
  description: [
    "Looks for newer revisions of Git sources now instead of at the next interval, and waits until that has ended. Without names all of them are looked at.",
  ],
  options: {},
  examples: [
    ["ds01 sync now", "right after a push"],
    ["ds01 sync now lab", "one source"],
  ],
  async run({ positionals }, context) {
    const [when, ...names] = positionals;
    if (when !== "now") throw new UsageError("say when: ds01 sync now");
    const chosen = names.length > 0 ? names : await gitSources(context.client);
    if (chosen.length === 0) context.tell("No source is a Git repository.");
    let failed = false;
    for (const name of chosen) {
      const { status } = (await context.client.syncSource(name)) as SourceObject;
      const isSynced = status?.reason === "Synced";
      failed ||= !isSynced;
      const applied = `${name} at ${shortRevision(status?.appliedRevision)}`;
      if (isSynced) context.print(`${applied}\n`);
      else context.tell(`${applied}: ${status?.reason ?? ""}: ${status?.message ?? ""}`);
    }
    return failed ? exitCodes.failed : exitCodes.done;
  },
});

async function gitSources(client: Context["client"]): Promise<readonly string[]> {
  const { items } = await client.list(kindOf("Source"), {});
  return (items as readonly SourceObject[])
    .filter(({ spec }) => spec?.type === "git")
    .map(({ metadata }) => metadata.name);
}
