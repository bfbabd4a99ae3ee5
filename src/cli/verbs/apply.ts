import type { ApiObject } from "../../api/meta.ts";
import { DeniedError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import type { Declared } from "../declared.ts";
import { exitCodes } from "../exit-codes.ts";
import { currentObject, fieldChanges, previewOf } from "../preview.ts";
import { renderPreview } from "../print/preview.ts";
import { renderRefusal } from "../print/refusal.ts";
import { branchOption, namespaceOption } from "../selection.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 apply` */
export const apply = defineCommand({
  usage: ["-f FILE|DIR|- [--dry-run] [--branch BRANCH]"],
  description: [
    "Writes the spec files of the controller; the text is kept as it is, comments too. Everything is checked first: when one object is invalid (2) or refused (3), nothing is changed. Where the specs come from Git, it says which path to change there, or pushes a commit for each object to a branch (`--branch`) that others review and merge; an admin allows that with `sources[].git.push`.",
  ],
  options: {
    namespace: namespaceOption,
    filename: { short: "f", value: "FILE", multiple: true, summary: "file, directory or - (standard input)" },
    branch: branchOption,
    "dry-run": { summary: "check everything, show what would happen, change nothing" },
  },
  examples: [
    ["ds01 apply -f train.yaml", "declare a container"],
    ["ds01 apply -f train.yaml --dry-run", "what would happen?"],
    ["ds01 apply -f train.yaml --branch ds01/alice-train", "have it reviewed"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 0)
      throw new UsageError(`write -f before each file; found "${positionals.join(" ")}"`);
    if (options.filename.length === 0) throw new UsageError("say which files: -f FILE|DIR|-");
    const { readDeclared } = await import("../declared.ts");
    const all = await readDeclared(options.filename, options.namespace, context);
    if (options.branch !== undefined) {
      const { pushDeclared } = await import("../review/push-to-branch.ts");
      return pushDeclared(all, { branch: options.branch, dryRun: options["dry-run"] }, context);
    }
    const admitted: Admitted[] = [];
    for (const declared of all) {
      const verdict = await admit(declared, context);
      if (verdict !== undefined) admitted.push(verdict);
    }
    if (admitted.length < all.length) {
      context.tell("Nothing was changed.");
      return exitCodes.denied;
    }
    return options["dry-run"] ? showDryRun(admitted, context) : applyAll(admitted, context);
  },
});

interface Admitted {
  readonly declared: Declared;
  readonly before: ApiObject | undefined;
  readonly verdict: "created" | "configured" | "unchanged";
}

/** Asks the controller without changing anything; tells a refusal and returns undefined. */
async function admit(declared: Declared, context: Context): Promise<Admitted | undefined> {
  const before = await currentObject(declared, context);
  try {
    const after = await context.client.apply(declared.kind, declared.target, declared.yaml, { dryRun: true });
    return { declared, before, verdict: verdictOf(before, after) };
  } catch (error) {
    if (!(error instanceof DeniedError)) throw error;
    context.tell(renderRefusal(declared, error.message));
    return undefined;
  }
}

function verdictOf(before: ApiObject | undefined, after: ApiObject): Admitted["verdict"] {
  if (before === undefined) return "created";
  return fieldChanges(before, after).length === 0 ? "unchanged" : "configured";
}

async function showDryRun(admitted: readonly Admitted[], context: Context): Promise<number> {
  for (const { declared, verdict } of admitted) {
    context.print(`${declared.kind.singular}/${declared.target.name} ${verdict} (dry run)\n`);
    if (verdict !== "unchanged") context.print(renderPreview(await previewOf(declared, context)));
  }
  return exitCodes.done;
}

async function applyAll(admitted: readonly Admitted[], context: Context): Promise<number> {
  for (const { declared, before } of admitted) {
    const after = await context.client.apply(declared.kind, declared.target, declared.yaml);
    context.print(`${declared.kind.singular}/${declared.target.name} ${verdictOf(before, after)}\n`);
  }
  return exitCodes.done;
}
