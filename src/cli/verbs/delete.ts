import type { KindName } from "../../api/names.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { branchOption, namespaceOf, namespaceOption } from "../selection.ts";
import { parseTargets } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 delete` */
export const deleteVerb = defineCommand({
  usage: [
    "KIND NAME... [--branch BRANCH]",
    "KIND/NAME... [--branch BRANCH]",
    "-f FILE|DIR|- [--branch BRANCH]",
  ],
  description: [
    "Removes the spec file; ds01 then stops and removes the container. Where the specs come from Git, it says which path to remove there, or pushes a commit for each object to a branch (`--branch`) that others review and merge.",
  ],
  options: {
    namespace: namespaceOption,
    branch: branchOption,
    filename: {
      short: "f",
      value: "FILE",
      multiple: true,
      summary: "delete what this file, directory or - declares",
    },
  },
  examples: [
    ["ds01 delete container train", "one container"],
    ["ds01 delete -f train.yaml", "what a file declares"],
  ],
  async run({ options, positionals }, context) {
    const targets =
      options.filename.length > 0
        ? await targetsOfFiles(options.filename, positionals, options.namespace, context)
        : targetsOfWords(positionals, options.namespace, context);
    if (options.branch !== undefined) {
      const { pushChanges } = await import("../review/push-to-branch.ts");
      const changes = targets.map(({ kind, target }) => ({ kind, target, change: "removed" as const }));
      return pushChanges(changes, options.branch, context);
    }
    for (const { kind, target } of targets) {
      await context.client.delete(kind, target);
      context.print(`${kind.singular}/${target.name} deleted\n`);
    }
    return exitCodes.done;
  },
});

interface Deletion {
  readonly kind: KindName;
  readonly target: { readonly namespace?: string; readonly name: string };
}

function targetsOfWords(
  words: readonly string[],
  namespace: string | undefined,
  context: Context,
): readonly Deletion[] {
  return parseTargets(words).flatMap(({ kind, names }) => {
    if (names.length === 0) throw new UsageError(`name what to delete: ${kind.singular}/NAME`);
    if (kind.observed) throw new UsageError(`${kind.plural} are observed by ds01 and cannot be deleted`);
    const scope = kind.namespaced ? { namespace: namespaceOf(namespace, context) } : {};
    return names.map((name) => ({ kind, target: { ...scope, name } }));
  });
}

async function targetsOfFiles(
  files: readonly string[],
  words: readonly string[],
  namespace: string | undefined,
  context: Context,
): Promise<readonly Deletion[]> {
  if (words.length > 0) throw new UsageError("give either -f or names, not both");
  const { readDeclared } = await import("../declared.ts");
  return readDeclared(files, namespace, context);
}
