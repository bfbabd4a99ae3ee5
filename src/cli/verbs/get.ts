import type { ApiObject } from "../../api/meta.ts";
import type { Selection } from "../../client/paths.ts";
import { NotFoundError } from "../../util/errors.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { failureText } from "../failure.ts";
import { parseOutputFormat } from "../output-format.ts";
import { TablePrinter } from "../print/table.ts";
import type { TableStyle } from "../print/table.ts";
import { allNamespacesOption, namespaceOption, scopeOf, selectionIn } from "../selection.ts";
import type { Scope } from "../selection.ts";
import { parseTargets } from "../target.ts";
import type { KindTarget } from "../target.ts";
import { UsageError } from "../usage-error.ts";

/** `ds01 get` */
export const get = defineCommand({
  usage: ["KIND [NAME...]", "KIND/NAME...", "KIND,KIND"],
  description: [
    "Kinds: containers, quotas, reservations, gpus, images, presets, sources, events. Lists in JSON and YAML are `{apiVersion: v1, kind: List, items}`; objects are whole.",
    'JSONPath is kubectl\'s: `{.items[*].status.phase}`, `{range .items[*]}{.metadata.name}{"\\n"}{end}`, `{.items[?(@.status.phase=="Running")].metadata.name}`.',
  ],
  options: {
    namespace: namespaceOption,
    "all-namespaces": allNamespacesOption,
    selector: { short: "l", value: "K=V", summary: "only objects with these labels" },
    output: { short: "o", value: "FORMAT", summary: "table, wide, json, yaml, name or jsonpath=TEMPLATE" },
    watch: { short: "w", summary: "go on printing what changes" },
    "no-headers": { summary: "no column titles" },
  },
  examples: [
    ["ds01 get containers", "yours"],
    ["ds01 get containers -A", "all that you may see, with what each waits for"],
    ["ds01 get container train -o yaml", "one object, whole"],
    ["ds01 get images -o wide", "images that ds01 built, named or uses, and why each is kept"],
    ["ds01 get gpus -w", "the GPUs, and every change of them"],
  ],
  async run({ options, positionals }, context) {
    const format = parseOutputFormat(options.output);
    const targets = parseTargets(positionals);
    const scope = scopeOf(options.namespace, options["all-namespaces"], context);
    for (const target of targets) checkTarget(target, scope, options.selector);
    const request = { targets, scope, labelSelector: options.selector };
    const style = { headers: !options["no-headers"], paint: context.paint };
    if (options.watch) {
      const [target] = targets;
      if (target === undefined || targets.length > 1 || target.names.length > 1) {
        throw new UsageError("-w watches one kind, or one object");
      }
      const { watchAndPrint } = await import("../watch-and-print.ts");
      return watchAndPrint(
        {
          target,
          selection: selectionOf(request, target),
          format,
          style: tableStyle(request, target, style),
        },
        context,
      );
    }
    if (format.type === "table") return printTables(request, { ...style, wide: format.wide }, context);
    const { renderObjects } = await import("../print/objects.ts");
    const found = await fetchObjects(request, context);
    const single = targets.length === 1 && targets[0]?.names.length === 1;
    if (single && found.missing > 0) return exitCodes.notFound;
    context.print(await renderObjects(found.objects, format, single));
    if (format.type === "name" && found.objects.length === 0 && found.missing === 0)
      tellEmpty(request, context);
    return found.missing > 0 ? exitCodes.notFound : exitCodes.done;
  },
});

interface Request {
  readonly targets: readonly KindTarget[];
  readonly scope: Scope;
  readonly labelSelector: string | undefined;
}

function checkTarget({ kind, names }: KindTarget, scope: Scope, selector: string | undefined): void {
  if (names.length === 0) return;
  if (selector !== undefined)
    throw new UsageError("-l selects among all objects; it cannot be used with a name");
  if (scope.all && kind.namespaced)
    throw new UsageError("a name needs a namespace (-n NS); -A looks in all of them");
}

function selectionOf(request: Request, { kind, names }: KindTarget): Selection {
  return {
    ...selectionIn(request.scope, kind),
    ...(names[0] === undefined ? {} : { name: names[0] }),
    ...(request.labelSelector === undefined ? {} : { labelSelector: request.labelSelector }),
  };
}

function tableStyle(
  { scope }: Request,
  { kind }: KindTarget,
  style: { readonly headers: boolean; readonly wide?: boolean; readonly paint: TableStyle["paint"] },
): TableStyle {
  return { wide: false, ...style, namespaces: scope.all && kind.namespaced };
}

async function printTables(
  request: Request,
  style: { readonly headers: boolean; readonly wide: boolean; readonly paint: TableStyle["paint"] },
  context: Context,
): Promise<number> {
  let missing = 0;
  const texts: string[] = [];
  for (const target of request.targets) {
    const printer = new TablePrinter(tableStyle(request, target, style));
    if (target.names.length === 0) {
      texts.push(printer.render(await context.client.table(target.kind, selectionOf(request, target))));
      continue;
    }
    const tables = await Promise.all(
      target.names.map(async (name) =>
        orMissing(
          context.client.table(target.kind, { ...selectionIn(request.scope, target.kind), name }),
          context,
        ),
      ),
    );
    const found = tables.filter((table) => table !== undefined);
    missing += tables.length - found.length;
    const [first] = found;
    if (first !== undefined)
      texts.push(printer.render({ ...first, rows: found.flatMap((table) => table.rows) }));
  }
  const shown = texts.filter((text) => text !== "");
  context.print(shown.join("\n"));
  if (shown.length === 0 && missing === 0) tellEmpty(request, context);
  return missing > 0 ? exitCodes.notFound : exitCodes.done;
}

async function fetchObjects(
  request: Request,
  context: Context,
): Promise<{ readonly objects: readonly ApiObject[]; readonly missing: number }> {
  const answers = await Promise.all(
    request.targets.map(async (target) => {
      if (target.names.length === 0) {
        return (await context.client.list(target.kind, selectionOf(request, target))).items;
      }
      const selection = selectionIn(request.scope, target.kind);
      return Promise.all(
        target.names.map(async (name) =>
          orMissing(context.client.get(target.kind, { ...selection, name }), context),
        ),
      );
    }),
  );
  const all = answers.flat();
  const objects = all.filter((object) => object !== undefined);
  return { objects, missing: all.length - objects.length };
}

/** One that is not there is told and does not hide the others. */
async function orMissing<T>(answer: Promise<T>, context: Context): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    context.tell(failureText(error));
    return undefined;
  }
}

function tellEmpty({ targets, scope }: Request, context: Context): void {
  const namespaced = targets.some((target) => target.kind.namespaced);
  const where = namespaced && scope.namespace !== undefined ? ` in ${scope.namespace} namespace` : "";
  context.tell(`No resources found${where}.`);
}
