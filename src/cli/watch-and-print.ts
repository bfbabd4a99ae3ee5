import { setTimeout as delay } from "node:timers/promises";
import type { ApiObject } from "../api/meta.ts";
import type { Table } from "../api/table.ts";
import type { WatchEvent } from "../client/watch.ts";
import type { Selection } from "../client/paths.ts";
import { Ds01Error } from "../util/errors.ts";
import type { Context } from "./context.ts";
import type { OutputFormat } from "./output-format.ts";
import { renderName } from "./print/name.ts";
import { renderValue } from "./print/objects.ts";
import { TablePrinter } from "./print/table.ts";
import type { TableStyle } from "./print/table.ts";
import type { KindTarget } from "./target.ts";

/** What is watched and how it is shown. */
export interface WatchRequest {
  readonly target: KindTarget;
  readonly selection: Selection;
  readonly format: OutputFormat;
  readonly style: TableStyle;
}

const reconnectPauseMs = 1000;

/** Prints what is there and then every change; ends only with the reader, or when the controller goes away. */
export async function watchAndPrint(request: WatchRequest, context: Context): Promise<number> {
  const { format, selection } = request;
  const { kind } = request.target;
  if (format.type !== "table") {
    return followFeed<ApiObject>(
      {
        watch: (from) => context.client.watch(kind, { ...selection, ...from }),
        show: async (object) => context.print(await oneObject(object, format)),
        versionOf: (object) => object.metadata.resourceVersion,
      },
      undefined,
    );
  }
  const printer = new TablePrinter({ ...request.style, wide: format.wide });
  // The first table is printed whole, so that its columns fit what is there.
  const table = await context.client.table(kind, selection);
  context.print(printer.render(table));
  return followFeed<Table>(
    {
      watch: (from) => context.client.watchTable(kind, { ...selection, ...from }),
      show: (change) => context.print(printer.render(change)),
      versionOf: versionOfTable,
    },
    table.metadata.resourceVersion,
  );
}

/** A watch that can be resumed, and what to do with each change. */
export interface Feed<T> {
  watch(from: { resourceVersion?: string }): AsyncGenerator<WatchEvent<T>>;
  show(object: T): void | Promise<void>;
  versionOf(object: T): string | undefined;
}

/** Shows changes without end, over the ends that servers put to a watch; throws when the controller goes away. */
export async function followFeed<T>(feed: Feed<T>, from: string | undefined): Promise<never> {
  let version = from;
  for (;;) {
    const startedAt = performance.now();
    try {
      for await (const event of feed.watch(version === undefined ? {} : { resourceVersion: version })) {
        if (event.type !== "BOOKMARK") await feed.show(event.object);
        version = feed.versionOf(event.object) ?? version;
      }
    } catch (error) {
      if (!(error instanceof Ds01Error && error.reason === "Expired")) throw error;
      version = undefined;
    }
    if (performance.now() - startedAt < reconnectPauseMs) await delay(reconnectPauseMs);
  }
}

async function oneObject(
  object: ApiObject,
  format: Exclude<OutputFormat, { type: "table" }>,
): Promise<string> {
  if (format.type === "name") return `${renderName(object)}\n`;
  const text = await renderValue(object, format);
  if (format.type === "yaml") return `---\n${text}`;
  return text.endsWith("\n") ? text : `${text}\n`;
}

function versionOfTable(table: Table): string | undefined {
  const object = table.rows[0]?.object as
    | { readonly metadata?: { readonly resourceVersion?: string } }
    | undefined;
  return table.metadata.resourceVersion ?? object?.metadata?.resourceVersion;
}
