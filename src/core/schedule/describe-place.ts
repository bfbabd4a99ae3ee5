import type { Waiting } from "./explain.ts";
import type { DeviceDemand } from "./lease.ts";

/** At which place of the queue a demand waits, and why not before the one that precedes it. */
export function placeSentence({ demand, position, of, before, borrows }: Waiting): readonly string[] {
  if (position === 0) return [];
  if (before === undefined) return of === 1 ? [] : [`1st of ${of} in the queue.`];
  const because =
    borrows === true && before.namespace !== demand.namespace ? "within quota" : whyBefore(before, demand);
  return [
    `${ordinal(position)} of ${of} in the queue, behind ${before.namespace}/${before.name} (${because}).`,
  ];
}

function whyBefore(before: DeviceDemand, demand: DeviceDemand): string {
  if (before.priority !== demand.priority) return `priority ${before.priority} > ${demand.priority}`;
  return before.submittedAt <= demand.submittedAt ? "waiting longer" : "less used lately";
}

function ordinal(place: number): string {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[place % 10];
  return `${place}${Math.floor((place % 100) / 10) === 1 ? "th" : (ending ?? "th")}`;
}
