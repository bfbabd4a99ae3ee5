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
    const found = names.length > 0 ? [] : await gitSources(context.client);
    if (names.length + found.length === 0) context.tell("No source is a Git repository.");
    // Who names a suspended one is refused by the controller.
    const suspended = found.filter(({ status }) => status?.suspended !== undefined);
    for (const { metadata, status } of suspended) context.tell(`${metadata.name}: ${status?.message ?? ""}`);
    const chosen = [...names, ...found.filter((source) => !suspended.includes(source)).map(nameOf)];
    let failed = suspended.length > 0;
    for (const name of chosen) if (!(await syncOne(name, context))) failed = true;
    return failed ? exitCodes.failed : exitCodes.done;
  },
});

/** Whether the newest revision is in effect afterwards. */
async function syncOne(name: string, context: Context): Promise<boolean> {
  const { status } = (await context.client.syncSource(name)) as SourceObject;
  const isSynced = status?.reason === "Synced";
  const applied = `${name} at ${shortRevision(status?.appliedRevision)}`;
  if (isSynced) context.print(`${applied}\n`);
  else context.tell(`${applied}: ${status?.reason ?? ""}: ${status?.message ?? ""}`);
  return isSynced;
}

async function gitSources(client: Context["client"]): Promise<readonly SourceObject[]> {
  const { items } = await client.list(kindOf("Source"), {});
  return (items as readonly SourceObject[]).filter(({ spec }) => spec?.type === "git");
}

function nameOf({ metadata }: SourceObject): string {
  return metadata.name;
}
