import type { DeletedObject } from "../../api/deleted-object.ts";
import { kindByWord } from "../../api/names.ts";
import type { KindName } from "../../api/names.ts";
import { ConflictError, NotFoundError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { currentObject } from "../preview.ts";
import { alignRows } from "../print/columns.ts";
import { renderYaml } from "../print/yaml.ts";
import { namespaceOf, namespaceOption } from "../selection.ts";
import { kindOf, parseOneTarget } from "../target.ts";
import { oneLine } from "../terminal.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 undelete` */
export const undelete = defineCommand({
  usage: ["", "NAME", "KIND/NAME"],
  description: [
    "Declares again what was deleted within the last day, as its spec was (its comments are lost). Its container is made anew; what was in volumes and host directories is still there. Without a name it lists what can be brought back.",
    "Where the specs come from Git, revert the commit instead.",
  ],
  options: { namespace: namespaceOption },
  examples: [
    ["ds01 undelete", "what was deleted?"],
    ["ds01 undelete train", "bring it back"],
  ],
  async run({ options, positionals }, context) {
    const deleted = await context.client.deletedObjects();
    if (positionals.length === 0) {
      if (deleted.length === 0) context.tell("Nothing was deleted within the last day.");
      else context.print(table(deleted));
      return exitCodes.done;
    }
    for (const word of positionals) await bringBack(word, deleted, options.namespace, context);
    return exitCodes.done;
  },
});

async function bringBack(
  word: string,
  deleted: readonly DeletedObject[],
  namespace: string | undefined,
  context: Context,
): Promise<void> {
  const { kind, name } = kindAndName(word);
  const scope = kind.namespaced ? { namespace: namespaceOf(namespace, context) } : {};
  const found = deleted.find(
    (one) => one.kind === kind.kind && one.name === name && one.namespace === (scope.namespace ?? ""),
  );
  const what = `${kind.singular}/${name}`;
  if (found === undefined) {
    throw new NotFoundError({
      reason: "NothingDeleted",
      message: `no ${what} was deleted within the last day`,
      remedy: "see what was: ds01 undelete",
    });
  }
  const target = { ...scope, name };
  if ((await currentObject({ kind, target }, context)) !== undefined) {
    throw new ConflictError({
      reason: "AlreadyExists",
      message: `${what} is declared again already`,
      remedy: `look at it: ds01 describe ${kind.singular} ${name}`,
    });
  }
  await context.client.apply(kind, target, await renderYaml(found.document));
  context.print(`${what} declared again\n`);
}

/** `train` and `container/train`; a kind that people write. */
function kindAndName(word: string): { readonly kind: KindName; readonly name: string } {
  const target = word.includes("/") ? parseOneTarget([word]) : { kind: kindOf("ContainerSpec"), name: word };
  const { kind } = target;
  if (kind.observed) throw new UsageError(`a ${kind.singular} is declared by nobody and cannot be deleted`);
  return target;
}

function table(deleted: readonly DeletedObject[]): string {
  const rows = deleted.map(({ kind, namespace, name, deletedAt, until, cause }) =>
    [kindByWord(kind)?.singular ?? kind, namespace, name, deletedAt, until, cause].map(oneLine),
  );
  return alignRows([["KIND", "NAMESPACE", "NAME", "DELETED", "UNTIL", "CAUSE"], ...rows]);
}
