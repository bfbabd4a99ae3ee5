import { type DeviceRefusal, type FailedClause, judgeDevices } from "./allocate.ts";
import { failedJoin } from "./choose-devices.ts";
import type { Device } from "./device.ts";
import { compareDevices } from "./device-order.ts";
import { classifyRefusal, freeTitle, type Waiting } from "./explain.ts";

/** What is true of one device for a demand that waits. */
export interface DeviceVerdict {
  readonly device: Device;
  /** The clause it fails; null when it is right and free by itself. */
  readonly clause: FailedClause | null;
  /** The same in words, with who has it or what it is: `allocated: bob/eval until 14:20 maxRuntime`. */
  readonly why: string;
}

/** Every device in the order of the slots with what keeps it from the demand; nothing while devices are not known. */
export function deviceVerdicts({
  demand,
  inventory,
  leases,
  formatTime,
}: Pick<Waiting, "demand" | "inventory" | "leases" | "formatTime">): readonly DeviceVerdict[] {
  if (!inventory.ready) return [];
  const { free, refusals } = judgeDevices(demand, inventory.devices, leases);
  const fits = freeTitle(failedJoin(demand, free));
  return [
    ...free.map((device) => ({ device, clause: null, why: fits })),
    ...refusals.map((refusal) => ({
      device: refusal.device,
      clause: refusal.clause,
      why: refusalText(refusal, formatTime),
    })),
  ].toSorted((left, right) => compareDevices(left.device, right.device));
}

/** Sentences do not tell of devices of another kind; a list of all devices has to. */
const otherKinds: Readonly<Partial<Record<FailedClause, string>>> = {
  WrongKind: "of another kind",
  IsSlice: "a slice",
  WrongProfile: "of another kind",
  IsTimeSlice: "a time slice",
  NotTimeSliced: "not shared in time slices",
};

/** What keeps a device from a demand, and by whom or how. */
export function refusalText(refusal: DeviceRefusal, formatTime: Waiting["formatTime"]): string {
  const { title, detail } = classifyRefusal(refusal, formatTime);
  return otherKinds[refusal.clause] ?? (detail === null ? title : `${title}: ${detail}`);
}
