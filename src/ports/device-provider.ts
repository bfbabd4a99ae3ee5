import type { Attachment, Device, Inventory } from "../core/schedule/device.ts";
import type { InjectionFacts } from "../core/schedule/injection.ts";
import type { MigCutter } from "./mig-cutter.ts";

/** One GPU vendor. `attach` is pure, so that allocation is tested without hardware. */
export interface DeviceProvider {
  readonly vendor: string;
  /**
   * Devices, healthy and not, with what runs on them. Never rejects for a sick GPU stack: it says `ready: false`
   * with a message and the devices known last. One child process at a time, 10 s deadline, a breaker.
   */
  discover(signal?: AbortSignal): Promise<Inventory>;
  /** How to pass exactly these devices into a container; an empty list hides all GPUs. */
  attach(devices: readonly Device[], facts?: InjectionFacts): Attachment;
  /** Cuts cards into slices; absent where the vendor has none. */
  readonly cutter?: MigCutter;
  /** Calls back when the inventory may have changed without being asked (a state file was edited). */
  onChange?(callback: () => void): () => void;
}
