import type { Device } from "../../src/core/schedule/device.ts";
import type { DeviceLink } from "../../src/core/schedule/device-links.ts";
import { gpu } from "./devices.ts";

/** Whole GPUs joined as `linkOf` says; null: nothing is known of the way between the two. */
export function linkedGpus(
  count: number,
  linkOf: (left: number, right: number) => DeviceLink | null,
): readonly Device[] {
  const places = Array.from({ length: count }, (_, place) => place);
  return places.map((left) => {
    const links = places.flatMap((right) => {
      const link = left === right ? null : linkOf(Math.min(left, right), Math.max(left, right));
      return link === null ? [] : [[`GPU-${right}`, link] as const];
    });
    return gpu(left, { links: Object.fromEntries(links) });
  });
}

/** Pairs behind one switch, `perSocket` GPUs a socket. */
export function pcieGpus(count: number, perSocket: number): readonly Device[] {
  return linkedGpus(count, (left, right) => {
    if (Math.floor(left / 2) === Math.floor(right / 2)) return "PIX";
    return Math.floor(left / perSocket) === Math.floor(right / perSocket) ? "NODE" : "SYS";
  });
}
