import type { Cordon, UnreadableCordons } from "./cordon.ts";
import type { KnownDevice } from "./known-device.ts";

/** What ds01 remembers about devices, because nothing shows it. Losing it costs caution, never running work. */
export interface DeviceNotes {
  readonly cordons: readonly Cordon[];
  /** Devices with a history: the others are well. */
  readonly health: readonly KnownDevice[];
  /** Set while it is not known of all devices what was said of them, as the notes were damaged. */
  readonly unreadable?: UnreadableCordons | undefined;
  /** The last line of the kernel log that was taken in; null before the first, and where lines have no number. */
  readonly kernelLogCursor: string | null;
}

/** Nothing is held against any device. */
export const noNotes: DeviceNotes = { cordons: [], health: [], kernelLogCursor: null };
