import type { DeviceNotes } from "../core/health/device-notes.ts";

/** Where notes about devices survive a restart. */
export interface DeviceNotebook {
  /** The notes as last written; none where there are none, undefined where there are some that cannot be read. */
  read(): DeviceNotes | undefined;
  /** Resolves when they are durable. Writes follow one another; rejects when the state directory cannot be written. */
  write(notes: DeviceNotes): Promise<void>;
}
