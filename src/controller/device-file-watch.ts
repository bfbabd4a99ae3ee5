import { basename } from "node:path";
import { apiVersion } from "../api/names.ts";
import type { Inventory, InventoryProblem } from "../core/schedule/device.ts";
import type { EventSink } from "../ports/event-sink.ts";

export const deviceFileRemedy =
  "write it anew with its vendor's tool, or move it away; what it defines is given to nobody until then, all else is";

/** Tells once of each file of devices that cannot be read, and once when it can be again or is gone. */
export class DeviceFileWatch {
  readonly #events: EventSink;
  #told = new Map<string, InventoryProblem>();

  constructor(events: EventSink) {
    this.#events = events;
  }

  /** Takes in what the provider has just said; while it does not answer nothing is news. */
  look({ ready, problems = [] }: Inventory): void {
    if (!ready) return;
    const found = new Map(problems.map((problem) => [problem.source, problem]));
    for (const { source, message } of found.values()) {
      if (this.#told.get(source)?.message === message) continue;
      this.#tell("Warning", "DeviceFileUnreadable", source, `${source}: ${message}: ${deviceFileRemedy}`);
    }
    for (const source of this.#told.keys()) {
      if (found.has(source)) continue;
      this.#tell("Normal", "DeviceFileRead", source, `${source} stands in nobody's way any more`);
    }
    this.#told = found;
  }

  // eslint-disable-next-line max-params -- an event has these four parts
  #tell(type: "Normal" | "Warning", reason: string, source: string, message: string): void {
    const about = { apiVersion, kind: "DeviceFile", name: basename(source), uid: source };
    this.#events.record({ type, reason, message, about });
  }
}
