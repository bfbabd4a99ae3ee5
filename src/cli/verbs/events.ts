import type { EventObject } from "../../api/event.ts";
import type { ApiObject } from "../../api/meta.ts";
import type { Selection } from "../../client/paths.ts";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { parseOutputFormat } from "../output-format.ts";
import { alignRow, columnWidths } from "../print/columns.ts";
import { eventCells, eventColumns, eventsIn, sortEvents } from "../print/event.ts";
import { renderObjects } from "../print/objects.ts";
import { allNamespacesOption, namespaceOption, scopeOf, selectionIn } from "../selection.ts";
import { kindOf, parseOneTarget } from "../target.ts";
import { UsageError } from "../usage-error.ts";
import { followFeed } from "../watch-and-print.ts";

/** `ds01 events` */
export const events = defineCommand({
  usage: [""],
  description: ["Oldest first. Each event names its cause and who acted."],
  options: {
    namespace: namespaceOption,
    "all-namespaces": allNamespacesOption,
    for: { value: "KIND/NAME", summary: "only what happened to this object" },
    watch: { short: "w", summary: "go on printing what happens" },
    output: { short: "o", value: "FORMAT", summary: "table, json, yaml, name or jsonpath=TEMPLATE" },
    "no-headers": { summary: "no column titles" },
  },
  examples: [
    ["ds01 events", "yours"],
    ["ds01 events --for container/train -w", "what happens to one container, as it happens"],
  ],
  async run({ options, positionals }, context) {
    if (positionals.length > 0)
      throw new UsageError(`events takes no name; found "${positionals.join(" ")}". Use --for KIND/NAME`);
    const format = parseOutputFormat(options.output);
    const kind = kindOf("Event");
    const target = options.for === undefined ? undefined : parseOneTarget([options.for]);
    const scope = scopeOf(options.namespace, options["all-namespaces"], context);
    // Events of cluster-scoped objects stand in a namespace of the server's choice.
    const everywhere = target !== undefined && !target.kind.namespaced;
    const selection: Selection = {
      ...(everywhere ? {} : selectionIn(scope, kind)),
      ...(target === undefined
        ? {}
        : { fieldSelector: `involvedObject.kind=${target.kind.kind},involvedObject.name=${target.name}` }),
    };
    const list = await context.client.list(kind, selection);
    if (format.type !== "table") {
      if (options.watch)
        throw new UsageError("-w prints a table; for objects use: ds01 get events -w -o json");
      context.print(await renderObjects(list.items, format, false));
      return exitCodes.done;
    }
    const table = new EventTable({ namespaces: scope.all, headers: !options["no-headers"] }, context);
    table.show(sortEvents(eventsIn(list.items)));
    if (!options.watch) {
      if (list.items.length === 0) context.tell(emptyText(scope.namespace));
      return exitCodes.done;
    }
    return followFeed<ApiObject>(
      {
        watch: (from) => context.client.watch(kind, { ...selection, ...from }),
        show: (object) => table.show(eventsIn([object])),
        versionOf: (object) => object.metadata.resourceVersion,
      },
      list.metadata.resourceVersion,
    );
  },
});

class EventTable {
  readonly #style: { readonly namespaces: boolean; readonly headers: boolean };
  readonly #context: Context;
  #widths: readonly number[] | undefined;

  constructor(style: { readonly namespaces: boolean; readonly headers: boolean }, context: Context) {
    this.#style = style;
    this.#context = context;
  }

  show(events: readonly EventObject[]): void {
    if (events.length === 0) return;
    const nowMs = Date.now();
    const rows = events.map((event) => [
      ...(this.#style.namespaces ? [event.metadata.namespace] : []),
      ...eventCells(event, nowMs),
    ]);
    const header = [...(this.#style.namespaces ? ["NAMESPACE"] : []), ...eventColumns];
    if (this.#widths === undefined && this.#style.headers) rows.unshift(header);
    this.#widths ??= columnWidths(rows);
    const widths = this.#widths;
    this.#context.print(rows.map((row) => `${alignRow(row, widths, this.#context.paint)}\n`).join(""));
  }
}

function emptyText(namespace: string | undefined): string {
  return namespace === undefined ? "No events found." : `No events found in ${namespace} namespace.`;
}
