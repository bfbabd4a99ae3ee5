import { unmetBySpec } from "../core/cuda-fit.ts";
import type { ContainerRecord } from "../core/record.ts";
import type { ImageBook } from "./image-book.ts";
import type { InventoryBook } from "./inventory-book.ts";

/** Whether the image an object needs is here; one that wants another driver is as good as none: nothing is set aside for it. */
export function hasImage(
  record: ContainerRecord,
  { images, inventory }: { readonly images: ImageBook; readonly inventory: InventoryBook },
): boolean {
  const image = images.state(record);
  if (image.type !== "present" || record.spec === null) return false;
  return unmetBySpec(record.spec, image.requirements ?? {}, inventory.current.driver) === null;
}
