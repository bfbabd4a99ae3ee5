import { unmetBySpec } from "../core/cuda-fit.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { HostStateOptions } from "./host-state-options.ts";

/** Whether the image and the files an object needs are here; an image that wants another driver is as good as none: nothing is set aside for it. */
export function inputsReady(
  record: ContainerRecord,
  { images, inventory, files }: Pick<HostStateOptions, "images" | "inventory" | "files">,
): boolean {
  const image = images.state(record);
  if (image.type !== "present" || record.spec === null || !files.usable(record)) return false;
  return unmetBySpec(record.spec, image.requirements ?? {}, inventory.current.driver) === null;
}
