import { confirmationOf } from "../../api/blocked-prune.ts";
import { kindByWord } from "../../api/names.ts";
import { defineCommand } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { pruneImages, pruneImagesOptions } from "../prune-images.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 prune` */
export const prune = defineCommand({
  usage: ["", "--confirm REVISION|TOKEN", "images [--dry-run] [--older-than DURATION] [-n NS] [--yes]"],
  description: [
    "When many spec files vanish at once, ds01 deletes nothing and asks. Without flags this shows what is held back; `--confirm` lets exactly that set go: by the revision that removes it where it comes from Git (seven characters are enough), else by its token. When more was removed since, the earlier word is refused with what waits now. Who is no admin sees the sets in which something is theirs, with others' objects as a number, and confirms what is wholly theirs.",
    "`prune images` removes images that this ds01 has built and that no spec and no container uses, running or not: those built for your own containers; an admin's command takes everybody's, or with -n one user's. It shows them first and asks; without a terminal it needs --yes or --dry-run. Images that were pulled, or built by others, are never removed. `ds01 get images -o wide` says of each why it is kept.",
  ],
  options: {
    confirm: { value: "REVISION", summary: "delete the set that is held back under this revision, or token" },
    ...pruneImagesOptions,
  },
  examples: [
    ["ds01 prune --confirm 3f2a91c0b7de", "yes, delete what this commit has removed"],
    ["ds01 prune images --dry-run", "what would go, and how much that frees"],
    ["ds01 prune images --older-than 7d --yes", "remove what was built more than a week ago"],
  ],
  async run({ options, positionals }, context) {
    const { confirm: token, ...images } = options;
    if (positionals.length === 1 && kindByWord(positionals[0] ?? "")?.kind === "Image") {
      if (token !== undefined)
        throw new UsageError("--confirm is for specs that have vanished, not for images");
      return await pruneImages(images, context);
    }
    const given = Object.entries(images).find(([, value]) => value !== undefined && value !== false);
    if (given !== undefined) throw new UsageError(`--${given[0]} is for: ds01 prune images`);
    if (positionals.length > 0) {
      throw new UsageError(`say: ds01 prune, or ds01 prune images; found "${positionals.join(" ")}"`);
    }
    if (options.confirm !== undefined) {
      await context.client.confirmPrune(options.confirm);
      context.print(`prune ${options.confirm} confirmed\n`);
      return exitCodes.done;
    }
    const blocked = await context.client.prunes();
    if (blocked.length === 0) context.tell("Nothing is held back.");
    for (const set of blocked) {
      const word = confirmationOf(set);
      context.print(
        [
          `${word}   ${oneLine(set.reason)}\n`,
          ...set.objects.map((object) => `  ${oneLine(object)}\n`),
          ...(set.others === undefined ? [] : [`  and ${set.others} of others\n`]),
          `  ${set.others === undefined ? "to" : "an admin may"} delete these: ds01 prune --confirm ${word}\n`,
        ].join(""),
      );
    }
    return exitCodes.done;
  },
});
