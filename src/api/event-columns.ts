import { column, wideColumn } from "./column.ts";
import type { Column } from "./column.ts";
import type { EventObject } from "./event.ts";
import { ageText } from "./relative-time.ts";

/** What `ds01 get events` shows: kubectl's columns. */
export const eventColumns: readonly Column<EventObject>[] = [
  column({
    name: "Last Seen",
    description: "When it happened last.",
    cell: ({ lastTimestamp }, nowMs) => ageText(lastTimestamp, nowMs),
  }),
  column({
    name: "Type",
    description: "Normal, or Warning where somebody may have to act.",
    cell: ({ type }) => type,
  }),
  column({ name: "Reason", description: "What happened: one CamelCase word.", cell: ({ reason }) => reason }),
  column({
    name: "Object",
    description: "The object it happened to.",
    cell: ({ involvedObject }) => `${involvedObject.kind.toLowerCase()}/${involvedObject.name}`,
  }),
  column({
    name: "Message",
    description: "What happened, for people.",
    cell: ({ message }) => message.trim(),
  }),
  wideColumn({ name: "Source", description: "What reported it.", cell: ({ source }) => source.component }),
  wideColumn({
    name: "First Seen",
    description: "When it happened first.",
    cell: ({ firstTimestamp }, nowMs) => ageText(firstTimestamp, nowMs),
  }),
  wideColumn({
    name: "Count",
    type: "integer",
    description: "How often it happened.",
    cell: ({ count }) => count,
  }),
  wideColumn({
    name: "Name",
    format: "name",
    description: "Name of the event itself.",
    cell: ({ metadata }) => metadata.name,
  }),
];
