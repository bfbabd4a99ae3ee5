import { noNotes, type DeviceNotes } from "../../src/core/health/device-notes.ts";
import type { DeviceNotebook } from "../../src/ports/device-notebook.ts";

/** Notes that a test reads; they outlive the controller that wrote them. */
export class MemoryNotebook implements DeviceNotebook {
  notes: DeviceNotes = noNotes;
  /** While true, what was written cannot be read. */
  damaged = false;
  /** While true, nothing can be written. */
  failing = false;
  /** How often something was written. */
  writes = 0;

  read(): DeviceNotes | undefined {
    return this.damaged ? undefined : this.notes;
  }

  async write(notes: DeviceNotes): Promise<void> {
    if (this.failing) throw new Error("no space");
    this.writes += 1;
    this.damaged = false;
    this.notes = notes;
  }
}
