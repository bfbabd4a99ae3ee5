import type { ImagePruneAnswer, ImagePruneRequest } from "../api/image-prune.ts";
import { ageText } from "../api/relative-time.ts";
import { parseDuration } from "../util/duration.ts";
import { formatBytes } from "../util/quantity.ts";
import { confirm } from "./confirm.ts";
import type { Context } from "./context.ts";
import { exitCodes } from "./exit-codes.ts";
import { alignRows } from "./print/columns.ts";
import { oneLine } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** Flags of `ds01 prune images`. */
export const pruneImagesOptions = {
  "dry-run": { summary: "images: show what would go, and remove nothing" },
  "older-than": { value: "DURATION", summary: "images: only what was built longer ago, such as 7d" },
  namespace: { short: "n", value: "NS", summary: "images: those of this user; an admin's are everybody's" },
  yes: { short: "y", summary: "images: do not ask" },
} as const;

interface PruneImagesFlags {
  readonly "dry-run": boolean;
  readonly "older-than": string | undefined;
  readonly namespace: string | undefined;
  readonly yes: boolean;
}

/** `ds01 prune images`: shows, asks, and has removed exactly what was shown. */
export async function pruneImages(flags: PruneImagesFlags, context: Context): Promise<number> {
  const isDryRun = flags["dry-run"];
  if (!isDryRun && !flags.yes && context.stdin.isTTY !== true) {
    throw new UsageError(
      "standard input is no terminal, so nobody can be asked",
      "To remove without a question: --yes; to see what would go: --dry-run",
    );
  }
  const wanted = {
    namespace: flags.namespace ?? null,
    olderThan: olderThanOf(flags["older-than"]),
    images: null,
  };
  if (!isDryRun && flags.yes) return await remove(wanted, context);
  const found = await context.client.pruneImages({ ...wanted, dryRun: true });
  if (found.images.length === 0) {
    context.tell("No image is to be removed; `ds01 get images -o wide` says why each is kept.");
    return exitCodes.done;
  }
  const shown = `${tableOf(found, context)}${sumOf(found, "would be")}\n`;
  if (isDryRun) {
    context.print(shown);
    return exitCodes.done;
  }
  context.tell(shown.trimEnd());
  if (!(await confirm("Remove these?", context))) {
    context.tell("Nothing was removed.");
    return exitCodes.failed;
  }
  return await remove({ ...wanted, images: found.images.map(({ name }) => name) }, context);
}

async function remove(wanted: Omit<ImagePruneRequest, "dryRun">, context: Context): Promise<number> {
  const answer = await context.client.pruneImages({ ...wanted, dryRun: false });
  const { images, kept, dryRun } = answer;
  if (dryRun) context.tell("The controller runs with --dry-run: nothing was removed.");
  const done = dryRun ? "would be removed" : "removed";
  context.print(images.map(({ names, name }) => `${oneLine(names.join(", ") || name)} ${done}\n`).join(""));
  for (const { name, why } of kept) context.tell(`${name} is kept: ${oneLine(why)}`);
  context.tell(images.length === 0 ? "Nothing was removed." : sumOf(answer, dryRun ? "would be" : "were"));
  return exitCodes.done;
}

function olderThanOf(text: string | undefined): string | null {
  if (text === undefined || parseDuration(text) !== undefined) return text ?? null;
  throw new UsageError(`--older-than needs a duration with a unit, such as 12h or 7d; found "${text}"`);
}

function tableOf({ images }: ImagePruneAnswer, { paint }: Context): string {
  const now = Date.now();
  const rows = images.map(({ name, names, builtFor, sizeBytes, createdAt }) => [
    name,
    oneLine(names.join(", ") || "<none>"),
    oneLine(builtFor),
    formatBytes(sizeBytes),
    ageText(createdAt, now) ?? "",
  ]);
  return alignRows([["ID", "IMAGE", "BUILT-FOR", "SIZE", "AGE"], ...rows], paint);
}

/** Layers that images share with what stays are not freed. */
function sumOf(
  { images, freedBytesAtLeast: atLeast, freedBytesAtMost: atMost }: ImagePruneAnswer,
  verb: string,
): string {
  const count = `${images.length} ${images.length === 1 ? "image" : "images"}`;
  if (atLeast === null) return `${count}: ${formatBytes(atMost)} at most ${verb} freed.`;
  if (atLeast === atMost) return `${count}: ${formatBytes(atMost)} ${verb} freed.`;
  return `${count}: ${formatBytes(atLeast)} to ${formatBytes(atMost)} ${verb} freed, as layers are shared.`;
}
