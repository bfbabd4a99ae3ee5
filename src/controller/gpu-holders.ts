import type { InvolvedObject } from "../api/event.ts";
import { apiVersion } from "../api/names.ts";
import type { HostView } from "../core/host-view.ts";
import type { Inventory } from "../core/schedule/device.ts";
import { involved } from "./recorder.ts";

/** Objects that hold a GPU or a slice of it, each once, for events about them. */
export function holdersOf(
  { leases }: Pick<HostView, "leases">,
  { devices }: Pick<Inventory, "devices">,
  uuid: string,
): readonly InvolvedObject[] {
  const slices = devices.filter(({ parentUuid }) => parentUuid === uuid).map((slice) => slice.uuid);
  const holders = new Map<string, InvolvedObject>();
  for (const { deviceUuid, holder } of leases) {
    if (holder.type !== "object" || (deviceUuid !== uuid && !slices.includes(deviceUuid))) continue;
    const { namespace, name, uid } = holder;
    holders.set(uid, involved({ kind: "ContainerSpec", namespace, name, uid }, apiVersion));
  }
  return [...holders.values()];
}
