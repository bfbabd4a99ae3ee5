import type { EventObject } from "../../api/event.ts";
import type { ApiObject } from "../../api/meta.ts";
import { kindByWord } from "../../api/names.ts";
import { formatAge } from "../../util/duration.ts";
import { oneLine } from "../terminal.ts";
import { renderFields } from "./fields.ts";

/** Titles of the columns of `ds01 events`. */
export const eventColumns: readonly string[] = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];

/** What the API lists as events: those of core/v1 are objects without spec and status, which its type cannot say. */
export function eventsIn(objects: readonly ApiObject[]): readonly EventObject[] {
  return objects as unknown as readonly EventObject[];
}

/** Oldest first; what was seen at the same time, in the order it was recorded. */
export function sortEvents(events: readonly EventObject[]): readonly EventObject[] {
  return events.toSorted(
    (a, b) =>
      Date.parse(a.lastTimestamp) - Date.parse(b.lastTimestamp) ||
      Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
  );
}

/** Cells of one line of `ds01 events`. */
export function eventCells(event: EventObject, nowMs: number): readonly string[] {
  const age = formatAge(nowMs - Date.parse(event.lastTimestamp));
  return [
    event.count > 1 ? `${age} (x${event.count})` : age,
    event.type,
    event.reason,
    objectOf(event),
    oneLine(event.message),
  ];
}

/** One event, exact, for `ds01 describe event`. */
export function renderEventObject(event: EventObject): string {
  return renderFields([
    ["Name", [event.metadata.name]],
    ["Namespace", [event.metadata.namespace]],
    ["Object", [objectOf(event)]],
    ["Type", [event.type]],
    ["Reason", [event.reason]],
    ["Message", [event.message]],
    ["Seen", [`${event.count} times, first ${event.firstTimestamp}, last ${event.lastTimestamp}`]],
  ]);
}

function objectOf({ involvedObject }: EventObject): string {
  return `${kindByWord(involvedObject.kind)?.singular ?? involvedObject.kind}/${involvedObject.name}`;
}
